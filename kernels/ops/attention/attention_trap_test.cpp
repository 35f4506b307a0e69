// The machine code of attention on tiles on a machine without them, see ops/tiles/trapped_tiles.h.
#include <cstdio>

#if defined(SLACKWATER_TILES) && defined(__linux__)

#include "../tiles/trapped_tiles.h"
#include "attention_agree.h"
#include "attention_cases.h"

namespace slackwater::amx {
Status attention_amx(const AttentionArgs& args);
}

using namespace slackwater;

int main() {
  if (!trap_tiles()) {
    std::puts("skipped: needs a machine with AVX512 and without tiles");
    return 77;
  }
  const CpuOps& vectors = *find_cpu_ops(Isa::kAvx512);
  CHECK(attention_agrees(amx::attention_amx, vectors), "the self-test of a start");
  CHECK(trapped.multiplications > 0 && trapped.configurations == 2 && trapped.releases == 2 && !trapped.tiles.is_configured(), "%lld multiplications, %lld releases",
        static_cast<long long>(trapped.multiplications), static_cast<long long>(trapped.releases));
  for (const AttentionCase& c : kAttentionCases) check_attention_case(amx::attention_amx, vectors, c);
  for (const int32_t rows : {kTileBandMin - 1, kTileBandMin}) {
    const int64_t before = trapped.multiplications;
    check_attention_case(amx::attention_amx, vectors, {1, 1, 64, 1, 0, 0, rows, 0});
    CHECK((trapped.multiplications > before) == (rows == kTileBandMin), "%d rows, %lld multiplications", rows, static_cast<long long>(trapped.multiplications - before));
  }
  std::printf("attention_trap: ok, %lld tile multiplications emulated\n", static_cast<long long>(trapped.multiplications));
}

#else

int main() {
  std::puts("skipped: this build has no tiles");
  return 77;
}

#endif
