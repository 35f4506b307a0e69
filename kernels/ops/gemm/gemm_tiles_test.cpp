// The tile kernel through an emulation of the instructions, on any machine; through the instructions themselves where they
// are. (gemm_trap_test runs the machine code as built for them.)
#define SLACKWATER_ISA scalar
#include "gemm_tiles.h"

#include "../tiles/emulated_tiles.h"
#include "tile_cases.h"
#include "gemm_agree.h"

using namespace slackwater;

namespace {

Status multiply_emulated(const GemmArgs& args) {
  EmulatedTiles tiles;
  scalar::multiply_tiles(tiles, args);
  CHECK(!tiles.is_configured(), "the tiles are released");
  return check_gemm(args);
}

/// One bit of one output is wrong.
Status multiply_wrongly(const GemmArgs& args) {
  const Status status = gemm_packed_ref(args);
  float* last = args.out + static_cast<size_t>(args.rows - 1) * static_cast<size_t>(args.out_stride) + args.weights.n - 1;
  *last = std::nextafter(*last, INFINITY);
  return status;
}

void check_signs() {
  // Signed by unsigned, and 16-bit sums would saturate: 4 * -128 * 255 twice over, then 127 * 255.
  EmulatedTiles tiles;
  TileConfig config;
  for (const int tile : {0, 1, 2}) config.rows[tile] = 2, config.row_bytes[tile] = 8;
  tiles.configure(config);
  const int8_t a[2][8] = {{-128, -128, -128, -128, -128, -128, -128, -128}, {127, 0, 0, 0, 0, 1, 0, 0}};
  const uint8_t b[2][8] = {{255, 255, 255, 255, 1, 2, 3, 4}, {255, 255, 255, 255, 5, 6, 7, 8}};
  int32_t sums[2][2] = {{1000, 0}, {0, -1}};
  tiles.load<0>(sums, 8);
  tiles.load<1>(a, 8);
  tiles.load<2>(b, 8);
  tiles.multiply<0, 1, 2, true, false>();
  tiles.store<0>(sums, 8);
  CHECK(sums[0][0] == 1000 - 8 * 128 * 255 && sums[0][1] == -128 * 36, "%d %d", sums[0][0], sums[0][1]);
  CHECK(sums[1][0] == 127 * 255 + 255 && sums[1][1] == -1 + 127 + 6, "%d %d", sums[1][0], sums[1][1]);
}

void check_limits() {
  // Only the configured rows and bytes are read and written, at the stride that is given; the rest of a tile is zero.
  EmulatedTiles tiles;
  TileConfig config;
  config.rows[3] = 3, config.row_bytes[3] = 12;
  tiles.configure(config);
  uint8_t in[3][20], out[3][16];
  std::memset(in, 7, sizeof in);
  std::memset(out, 9, sizeof out);
  tiles.load<3>(in, 20);
  tiles.store<3>(out, 16);
  for (const auto& row : out) {
    for (int i = 0; i < 16; ++i) CHECK(row[i] == (i < 12 ? 7 : 9), "byte %d is %d", i, row[i]);
  }
  tiles.zero<3>();
  tiles.store<3>(out, 16);
  CHECK(out[2][11] == 0 && out[2][12] == 9, "%d %d", out[2][11], out[2][12]);
  tiles.load<3>(in, 20);
  tiles.configure(config);
  tiles.store<3>(out, 16);
  CHECK(out[0][0] == 0, "to configure empties the tiles");
}

}  // namespace

int main() {
  check_signs();
  check_limits();
  check_tile_sizes(multiply_emulated, false);
  CHECK(gemm_agrees(multiply_emulated), "a true gemm agrees");
  CHECK(!gemm_agrees(multiply_wrongly), "one bit is seen");
  const CpuOps* ops = best_isa() == Isa::kAmx ? find_cpu_ops(Isa::kAmx) : nullptr;
  if (ops != nullptr) {
    CHECK(ops->isa == Isa::kAmx, "this machine's tiles fail their own test");
    check_tile_sizes(ops->gemm, false);
  }
  std::printf("gemm_tiles: ok, emulated%s\n", ops != nullptr ? " and on this machine's tiles" : "; this machine has no tiles, or SLACKWATER_ISA forbids them");
}
