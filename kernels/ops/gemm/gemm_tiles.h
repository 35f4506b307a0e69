#pragma once

// gemm of kPlanes and kBytes on 8-bit tiles: sums of 16 rows by 16 outputs, 64 inputs an instruction. The sums are whole
// numbers, so these are the bits of gemm_packed_ref. `Tiles` is RealTiles, or a test's emulation of them.
//
// NOT YET RUN ON A PROCESSOR THAT HAS TILES: shown so far by emulation only, and none of the sizes below is tuned; see
// docs/decisions/016-tiles-without-hardware.md.
//
// Both forms are one computation, a square of two first by two second operands with four tiles of sums between them:
//   kPlanes  16 rows by one panel: (hi, lo of the rows) by (hi, lo of the weights); sums hi hi, hi lo, lo hi, lo lo
//   kBytes  32 rows by two panels: (rows 0..15, rows 16..31) by (panel, next panel)
// Four multiplications of 16 cycles to four loads of 8 cycles: the loads hide, which they would not with one product a
// load. All eight tiles are used. The two cross sums of kPlanes stay apart until the end: in one tile their additions would
// wait for each other, 2 * 52 cycles where the multiplications take 64.

#include <cstring>

#include "finish.h"
#include "../tiles/tile_ops.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

constexpr int32_t kTileRows = 16;
/// Inputs are multiplied in blocks of at most so many steps of 64: then the block of both second operands, 2 KiB a step,
/// stays in the nearest cache (48 KiB) while the rows pass over it. Between blocks the sums lie in memory.
constexpr int32_t kBlockSteps = 9;
/// Squares of one column whose sums lie in memory at a time, 4 KiB each.
constexpr int32_t kSquaresMax = 4;

struct Sums {
  alignas(64) int32_t tiles[4][kTileRows][kGemmColumns];  // [first operand * 2 + second operand]
};

struct Operands {
  const std::byte* a[2];
  size_t a_stride;
  const std::byte* b[2];
  size_t b_step;  // from one step of 64 inputs to the next
  size_t ahead;   // to what is fetched for later; 0: nothing is
};

/// sums[i][j] += a[i] * b[j] over `steps` steps. Tiles 0..3 are the sums, 4 and 5 the first operands, 6 and 7 the second.
template <int kFirst, int kSecond, class Tiles>
void multiply_steps(Tiles& tiles, const Operands& at, int32_t steps) {
  const std::byte *a0 = at.a[0], *a1 = at.a[1], *b0 = at.b[0], *b1 = at.b[1];
  for (int32_t step = 0; step < steps; ++step, a0 += 64, a1 += 64, b0 += at.b_step, b1 += at.b_step) {
    tiles.template load<4>(a0, at.a_stride);
    tiles.template load<6>(b0, 64);
    tiles.template multiply<0, 4, 6, true, false>();
    if constexpr (kSecond == 2) {
      tiles.template load<7>(b1, 64);
      tiles.template multiply<1, 4, 7, true, false>();
    }
    if constexpr (kFirst == 2) {
      tiles.template load<5>(a1, at.a_stride);
      tiles.template multiply<2, 5, 6, true, false>();
      if constexpr (kSecond == 2) tiles.template multiply<3, 5, 7, true, false>();
    }
    if (at.ahead == 0) continue;
    for (int32_t line = 0; line < 1024; line += 64) {
      __builtin_prefetch(b0 + at.ahead + line, 0, 2);
      if constexpr (kSecond == 2) __builtin_prefetch(b1 + at.ahead + line, 0, 2);
    }
  }
}

template <int kFirst, int kSecond, class Tiles>
void multiply_block(Tiles& tiles, const Operands& at, int32_t steps, bool is_first, Sums& sums) {
  const auto each_sum = [&](auto&& body) {
    body.template operator()<0>();
    if constexpr (kSecond == 2) body.template operator()<1>();
    if constexpr (kFirst == 2) body.template operator()<2>();
    if constexpr (kFirst == 2 && kSecond == 2) body.template operator()<3>();
  };
  each_sum([&]<int kTile>() {
    if (is_first) tiles.template zero<kTile>();
    else tiles.template load<kTile>(sums.tiles[kTile], 64);
  });
  multiply_steps<kFirst, kSecond>(tiles, at, steps);
  each_sum([&]<int kTile>() { tiles.template store<kTile>(sums.tiles[kTile], 64); });
}

/// 16 outputs of one row, or as many of them as the layer has.
inline void put_outputs(const GemmArgs& args, int32_t row, int32_t panel, const float* values) {
  float* out = args.out + static_cast<size_t>(row) * static_cast<size_t>(args.out_stride) + static_cast<size_t>(panel) * kGemmColumns;
  const int32_t left = args.weights.n - panel * kGemmColumns;
  if (left >= kGemmColumns) {
    for (int c = 0; c < kGemmColumns; c += kLanes) store(out + c, args.accumulate ? load(out + c) + load(values + c) : load(values + c));
  } else {
    for (int32_t c = 0; c < left; ++c) out[c] = args.accumulate ? out[c] + values[c] : values[c];
  }
}

inline IntVec load_ints(const int32_t* at) {
  IntVec v;
  __builtin_memcpy(&v, at, sizeof v);
  return v;
}

inline void put_planes(const GemmArgs& args, const Sums& sums, int32_t first_row, int32_t rows, int32_t panel, const std::byte* scales) {
  for (int32_t r = 0; r < rows; ++r) {
    const ActivationHead head = read_head(args.a.row(first_row + r));
    float values[kGemmColumns];
    for (int c = 0; c < kGemmColumns; c += kLanes) {
      const auto sum = [&](int tile) { return load_ints(sums.tiles[tile][r] + c); };
      Vec scale;
      __builtin_memcpy(&scale, scales + static_cast<size_t>(c) * sizeof(float), sizeof scale);
      store(values + c, finish_planes(sum(0), sum(1) + sum(2), sum(3), head, scale));
    }
    put_outputs(args, first_row + r, panel, values);
  }
}

inline void put_bytes(const GemmArgs& args, const Sums& sums, int32_t first_row, int32_t rows, int32_t panel, int second, const std::byte* scales) {
  for (int32_t r = 0; r < rows; ++r) {
    const ActivationHead head = read_head(args.a.row(first_row + r));
    float values[kGemmColumns];
    for (int c = 0; c < kGemmColumns; c += kLanes) {
      Vec scale;
      __builtin_memcpy(&scale, scales + static_cast<size_t>(c) * sizeof(float), sizeof scale);
      store(values + c, finish_bytes(load_ints(sums.tiles[r / kTileRows * 2 + second][r % kTileRows] + c), head, scale));
    }
    put_outputs(args, first_row + r, panel, values);
  }
}

/// The tiles for squares of `rows` rows.
template <bool kIsPlanes>
TileConfig config_for(int32_t rows) {
  const int32_t first = rows < kTileRows ? rows : kTileRows, second = kIsPlanes ? rows : rows - first;
  const int32_t of_tile[8] = {first, first, second, second, first, second, kTileRows, kTileRows};
  TileConfig out;
  for (int tile = 0; tile < 8; ++tile) {
    out.rows[tile] = static_cast<uint8_t>(of_tile[tile]);
    out.row_bytes[tile] = of_tile[tile] == 0 ? 0 : 64;
  }
  return out;
}

template <bool kIsPlanes, class Tiles>
void multiply_squares(Tiles& tiles, const GemmArgs& args) {
  constexpr int32_t kPlanes = kIsPlanes ? 2 : 1, kRows = kIsPlanes ? kTileRows : 2 * kTileRows, kPanels = kIsPlanes ? 1 : 2;
  const PackedWeights& w = args.weights;
  const size_t one_panel = panel_bytes(w.form, w.k);
  const int32_t steps = padded_inputs(w.k) / 64, blocks = (steps + kBlockSteps - 1) / kBlockSteps;
  Sums sums[kSquaresMax];
  int32_t configured = 0;  // rows of a square; to configure takes time and empties the tiles
  for (int32_t chunk = 0; chunk < args.rows; chunk += kRows * kSquaresMax) {
    for (int32_t panel = args.panel_begin; panel < args.panel_end; panel += kPanels) {
      const std::byte* first = w.panels + static_cast<size_t>(panel) * one_panel;
      const bool has_second = kIsPlanes || panel + 1 < args.panel_end;
      for (int32_t block = 0; block < blocks; ++block) {
        const int32_t from = steps * block / blocks, count = steps * (block + 1) / blocks - from;
        for (int32_t square = 0; square < kSquaresMax; ++square) {
          const int32_t row = chunk + square * kRows, rows = args.rows - row < kRows ? args.rows - row : kRows;
          if (rows <= 0) break;
          if (rows != configured) tiles.configure(config_for<kIsPlanes>(rows));
          configured = rows;
          Operands at;
          at.a_stride = activation_stride(w.k);
          at.a[0] = args.a.row(row) + activation_numbers_at() + static_cast<size_t>(from) * 64;
          at.a[1] = at.a[0] + (kIsPlanes ? activation_lo_at(w.k) - activation_numbers_at() : kTileRows * at.a_stride);
          at.b_step = 1024 * kPlanes;
          at.b[0] = first + 64 + static_cast<size_t>(from) * at.b_step;
          at.b[1] = at.b[0] + (kIsPlanes ? 1024 : one_panel);
          at.ahead = chunk == 0 && square == 0 && panel + kPanels < args.panel_end ? kPanels * one_panel : 0;
          const bool is_first = block == 0;
          if constexpr (kIsPlanes) {
            multiply_block<2, 2>(tiles, at, count, is_first, sums[square]);
          } else if (rows > kTileRows) {
            if (has_second) multiply_block<2, 2>(tiles, at, count, is_first, sums[square]);
            else multiply_block<2, 1>(tiles, at, count, is_first, sums[square]);
          } else {
            if (has_second) multiply_block<1, 2>(tiles, at, count, is_first, sums[square]);
            else multiply_block<1, 1>(tiles, at, count, is_first, sums[square]);
          }
          if (block + 1 < blocks) continue;
          if constexpr (kIsPlanes) {
            put_planes(args, sums[square], row, rows, panel, first);
          } else {
            put_bytes(args, sums[square], row, rows, panel, 0, first);
            if (has_second) put_bytes(args, sums[square], row, rows, panel + 1, 1, first + one_panel);
          }
        }
      }
    }
  }
}

/// GemmArgs of kPlanes or kBytes that check_gemm accepts. The tiles of this thread are configured here and released at the
/// end, so that no change of threads outside of the op pays for them.
template <class Tiles>
void multiply_tiles(Tiles& tiles, const GemmArgs& args) {
  if (args.rows == 0 || args.panel_begin == args.panel_end) return;
  if (args.weights.form == WeightForm::kPlanes) multiply_squares<true>(tiles, args);
  else multiply_squares<false>(tiles, args);
  tiles.release();
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
