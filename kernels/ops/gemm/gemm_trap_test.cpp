// The tile kernel's machine code on a machine without tiles, see ops/tiles/trapped_tiles.h.
#include <cstdio>

#if defined(SLACKWATER_TILES) && defined(__linux__)

#include "../tiles/trapped_tiles.h"
#include "gemm_agree.h"
#include "tile_cases.h"

namespace slackwater::amx {
Status gemm_amx(const GemmArgs& args);
}

using namespace slackwater;

int main() {
  if (!trap_tiles()) {
    std::puts("skipped: needs a machine with AVX512 and without tiles");
    return 77;
  }
  CHECK(gemm_agrees(amx::gemm_amx), "the self-test of a start");
  CHECK(trapped.multiplications > 0 && trapped.configurations > 0 && trapped.releases == 2 && !trapped.tiles.is_configured(), "%lld multiplications, %lld releases",
        static_cast<long long>(trapped.multiplications), static_cast<long long>(trapped.releases));
  check_tile_sizes(amx::gemm_amx, true);
  const int64_t before = trapped.multiplications;
  TestRandom random(20);
  for (const int32_t rows : {kTileRowsMin - 1, kTileRowsMin}) {
    TileCase c(random, WeightForm::kPlanes, rows, 16, 64);
    check_tile_case(amx::gemm_amx, c, 0, 1, false);
    CHECK(trapped.multiplications == before + (rows < kTileRowsMin ? 0 : 4), "%d rows, %lld multiplications", rows, static_cast<long long>(trapped.multiplications - before));
  }
  std::printf("gemm_trap: ok, %lld tile multiplications emulated\n", static_cast<long long>(trapped.multiplications));
}

#else

int main() {
  std::puts("skipped: this build has no tiles");
  return 77;
}

#endif
