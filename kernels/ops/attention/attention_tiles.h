#pragma once

// Attention of many rows on 8-bit tiles, to the bits of the vectors: a 16-bit number is 256 hi + lo, so a sum of products is four sums
// of products of bytes, exact modulo 2^32 like the one that it replaces. `Tiles` is RealTiles, or a test's emulation of them.
//
// NOT YET RUN ON A PROCESSOR THAT HAS TILES: shown so far by emulation only, and nothing below is tuned; see
// docs/decisions/016-tiles-without-hardware.md.
//
// A block's keys and values lie in memory in pairs (docs/decisions/017). Tiles want quadruples of bytes: 64 keys of 64 dimensions become
// two planes of 4 KiB, and so do the values, by some 500 instructions each, once for all rows of the item that see the block. For 192 rows
// that is a hundredth of the multiplications that it serves; for fewer than kTileBandMin it would not pay, and they stay on vectors.

#include <cstring>

#include "../tiles/tile_ops.h"
#include "attention_agree.h"
#include "attention_item.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

constexpr int32_t kTileLine = 64;  // bytes of a tile's row
constexpr int32_t kTileColumns = 16;

/// 16-bit numbers in two: the signed upper bytes and, in the same order, the unsigned lower ones.
struct Planes {
  std::byte* hi;
  std::byte* lo;
  Planes at(size_t offset) const { return {hi + offset, lo + offset}; }
};

/// Numbers in a row become the row of a first operand. `count` is a multiple of 32.
inline void split_numbers(const int16_t* from, int32_t count, const Planes& to) {
#if defined(SLACKWATER_ISA_avx512)
  for (int32_t i = 0; i < count; i += 32) {
    const __m512i numbers = _mm512_loadu_si512(from + i);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.hi + i), _mm512_maskz_cvtepi16_epi8(0xffffffff, _mm512_maskz_srli_epi16(0xffffffff, numbers, 8)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.lo + i), _mm512_maskz_cvtepi16_epi8(0xffffffff, numbers));
  }
#else
  for (int32_t i = 0; i < count; ++i) {
    to.hi[i] = static_cast<std::byte>(from[i] >> 8);
    to.lo[i] = static_cast<std::byte>(from[i]);
  }
#endif
}

/// Pairs [lines][columns][2] become the quadruples [lines / 2][columns][4] of a second operand. `lines` is even, `columns` a multiple of 16.
inline void split_pairs(const int16_t* from, int32_t lines, int32_t columns, const Planes& to) {
  for (int32_t line = 0; line < lines; line += 2) {
    const int16_t *first = from + static_cast<size_t>(line) * columns * 2, *second = first + static_cast<size_t>(columns) * 2;
    const Planes row = to.at(static_cast<size_t>(line / 2) * columns * 4);
#if defined(SLACKWATER_ISA_avx512)
    // In every 32 bits: low and high byte of two numbers to both low, then both high bytes.
    constexpr int8_t kSorted[64] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15,
                                    0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15};
    const __m512i sorted = _mm512_loadu_si512(kSorted);
    const auto sort = [&](const int16_t* at) { return _mm512_maskz_shuffle_epi8(~0ull, _mm512_loadu_si512(at), sorted); };
    for (int32_t c = 0; c < columns; c += 16) {
      const __m512i a = sort(first + 2 * c), b = sort(second + 2 * c);
      _mm512_storeu_si512(row.lo + 4 * c, _mm512_mask_blend_epi16(0xaaaaaaaa, a, _mm512_maskz_slli_epi32(0xffff, b, 16)));
      _mm512_storeu_si512(row.hi + 4 * c, _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_maskz_srli_epi32(0xffff, a, 16), b));
    }
#else
    for (int32_t c = 0; c < columns; ++c) {
      const int16_t quadruple[4] = {first[2 * c], first[2 * c + 1], second[2 * c], second[2 * c + 1]};
      for (int i = 0; i < 4; ++i) {
        row.hi[4 * c + i] = static_cast<std::byte>(quadruple[i] >> 8);
        row.lo[4 * c + i] = static_cast<std::byte>(quadruple[i]);
      }
    }
#endif
  }
}

/// Sums of 16 rows by 16 columns: hi hi, hi lo, lo hi, lo lo of first and second operand.
struct PlaneSums {
  alignas(64) uint32_t tiles[4][kBandRowsMax][kTileColumns];

  /// Columns [column, column + kLanes) of a row, put together modulo 2^32.
  IntVec whole(int32_t row, int32_t column) const {
    typedef uint32_t Wrapping __attribute__((vector_size(sizeof(IntVec))));
    Wrapping parts[4];
    for (int i = 0; i < 4; ++i) __builtin_memcpy(&parts[i], &tiles[i][row][column], sizeof parts[i]);
    return reinterpret_cast<IntVec>((parts[0] << 16) + ((parts[1] + parts[2]) << 8) + parts[3]);
  }
};

/// A second operand: 16 lines of 16 quadruples, `stride` bytes from line to line and `step` from one 64 inputs to the next.
struct SecondOperand {
  Planes planes;
  size_t stride;
  size_t step;
};

/// Four multiplications (64 cycles) to four loads (32): the loads hide. The cross sums stay apart, for in one tile their additions
/// would wait for each other.
template <class Tiles>
void multiply_planes(Tiles& tiles, const Planes& a, size_t a_stride, const SecondOperand& b, int32_t steps, PlaneSums& sums) {
  tiles.template zero<0>();
  tiles.template zero<1>();
  tiles.template zero<2>();
  tiles.template zero<3>();
  for (int32_t step = 0; step < steps; ++step) {
    const Planes first = a.at(static_cast<size_t>(step) * kTileLine), second = b.planes.at(static_cast<size_t>(step) * b.step);
    tiles.template load<4>(first.hi, a_stride);
    tiles.template load<6>(second.hi, b.stride);
    tiles.template multiply<0, 4, 6, true, true>();
    tiles.template load<7>(second.lo, b.stride);
    tiles.template multiply<1, 4, 7, true, false>();
    tiles.template load<5>(first.lo, a_stride);
    tiles.template multiply<2, 5, 6, false, true>();
    tiles.template multiply<3, 5, 7, false, false>();
  }
  tiles.template store<0>(sums.tiles[0], kTileLine);
  tiles.template store<1>(sums.tiles[1], kTileLine);
  tiles.template store<2>(sums.tiles[2], kTileLine);
  tiles.template store<3>(sums.tiles[3], kTileLine);
}

/// Blocks on tiles where enough rows share one.
template <class Tiles>
class TileBlocks {
 public:
  explicit TileBlocks(Tiles& tiles) : tiles_(tiles) {}

  /// Splits q. Behind its rows lie zeros, for a band of tiles is always 16 rows, and in a row behind its dimensions, up to a multiple of 64;
  /// the keys' planes have zeros there too.
  void start(const Work& work, int32_t rows) {
    head_dim_ = work.head_dim;
    steps_ = (head_dim_ + kTileLine - 1) / kTileLine;
    const size_t stride = q_stride(), q_bytes = (kAttentionRows + kBandRowsMax) * stride, block_bytes = static_cast<size_t>(kKvBlockTokens) * stride;
    std::byte* at = work.planes;
    q_ = {carve<std::byte>(at, q_bytes), carve<std::byte>(at, q_bytes)};
    keys_ = {carve<std::byte>(at, block_bytes), carve<std::byte>(at, block_bytes)};
    values_ = {carve<std::byte>(at, block_bytes), carve<std::byte>(at, block_bytes)};
    const size_t used = static_cast<size_t>(rows + kBandRowsMax) * stride;
    clear(q_, used);
    clear(keys_, block_bytes);
    for (int32_t row = 0; row < rows; ++row) split_numbers(work.q + static_cast<size_t>(row) * head_dim_, head_dim_, q_.at(static_cast<size_t>(row) * stride));
  }

  void attend(const Work& work, const State& state, int32_t row, int32_t rows, const Block& block) {
    if (rows < kTileBandMin) {
      VectorBlocks().attend(work, state, row, rows, block);
      return;
    }
    split_pairs(block.keys, head_dim_ / 2, kKvBlockTokens, keys_);
    split_pairs(block.values, kKvBlockTokens / 2, head_dim_, values_);
    attend_bands<false>(work, state, row, rows, block, kBandRowsMax, [this](const Band& band, int32_t at, int32_t count) { attend_band(band, at, count); });
  }

 private:
  static void clear(const Planes& planes, size_t bytes) {
    std::memset(planes.hi, 0, bytes);
    std::memset(planes.lo, 0, bytes);
  }
  size_t q_stride() const { return static_cast<size_t>(steps_) * kTileLine; }

  void attend_band(const Band& band, int32_t at, int32_t count) {
    const Planes q = q_.at(static_cast<size_t>(at) * q_stride());
    for (int32_t key = 0; key < band.end; key += kTileColumns) {
      multiply_planes(tiles_, q, q_stride(), {keys_.at(static_cast<size_t>(key) * 4), kKvBlockTokens * 4, kKvBlockTokens * kTileLine}, steps_, sums_);
      for (int32_t r = 0; r < count; ++r) {
        for (int32_t k = key; k < key + kTileColumns; k += kLanes) store(scores_ + r * kKvBlockTokens + k, score_of(band, r, k, sums_.whole(r, k - key)));
      }
    }
    float scales[kBandRowsMax];
    for (int32_t r = 0; r < count; ++r) {
      alignas(64) int16_t steps[kKvBlockTokens];
      scales[r] = soften_row(band, r, scores_ + r * kKvBlockTokens, steps);
      split_numbers(steps, kKvBlockTokens, weights().at(static_cast<size_t>(r) * kTileLine));
    }
    for (int32_t dim = 0; dim < head_dim_; dim += kTileColumns) {
      multiply_planes(tiles_, weights(), kTileLine, {values_.at(static_cast<size_t>(dim) * 4), static_cast<size_t>(head_dim_) * 4, 0}, 1, sums_);
      for (int32_t r = 0; r < count; ++r) {
        float* out = band.sums + static_cast<size_t>(r) * head_dim_ + dim;
        for (int32_t d = 0; d < kTileColumns; d += kLanes) add_value(out + d, sums_.whole(r, d), scales[r]);
      }
    }
  }

  Planes weights() { return {weight_bytes_[0], weight_bytes_[1]}; }

  Tiles& tiles_;
  int32_t head_dim_ = 0;
  int32_t steps_ = 0;  // of 64 dimensions
  Planes q_{};         // [rows + 16][steps * 64]
  Planes keys_{};      // [steps * 16][64 keys][4]
  Planes values_{};    // [16][head_dim][4]
  PlaneSums sums_;
  alignas(64) float scores_[kBandRowsMax * kKvBlockTokens];
  alignas(64) std::byte weight_bytes_[2][kBandRowsMax * kTileLine] = {};
};

/// AttentionArgs that check_attention accepts. The tiles of this thread are configured here and released at the end, so that no change
/// of threads outside of the op pays for them.
template <class Tiles>
void attend_on_tiles(Tiles& tiles, const AttentionArgs& args) {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.rows[tile] = kBandRowsMax;
    config.row_bytes[tile] = kTileLine;
  }
  tiles.configure(config);
  TileBlocks<Tiles> blocks(tiles);
  attend_item(args, blocks);
  tiles.release();
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
