#pragma once

// The inner loops of attention: up to kTileRows rows of work over one block of keys. Internal linkage, like lib/vec.h.
//
// Every score is a whole number times two scales, every sum of a block's values a whole number times one; blocks are added in
// ascending order in fp32. So the bits of a row do not depend on how many rows are with it or on how far beyond its own keys
// the tile goes: such keys weigh exactly 0.

#include <cstddef>

#include "attention.h"
#include "word_pairs.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// Vectors of a tile: with kTileRows rows, the sums, the words and the broadcast value just fit the registers.
#if defined(SLACKWATER_ISA_avx512)
constexpr int kTileVecs = 4;
#else
constexpr int kTileVecs = 2;
#endif
/// Rows that are in registers together.
constexpr int kTileRows = 6;
constexpr int kScoreVecs = kKvBlockTokens / kLanes;

constexpr float kMasked = -1e30f;
/// The base before the first key: above kMasked, so that keys that are not seen weigh 0 even when there is no other.
constexpr float kNothing = -1e29f;
/// Weights are 2^(score - base). The base moves only when a score is this much above it, which after the first block
/// hardly happens; the sums of up to 2^17 weights of 2^16 are far from the end of fp32.
constexpr float kSlack = 16;

/// What the weights of a block add up to as whole numbers, but for their rounding (32 at most): each fits 16 bits, and their
/// sum with values of 32512 fits 32.
constexpr float kWeightSteps = 32700;
constexpr int kLineBytes = 64;

/// Row r of the tile sees keys [begin[r], end[r]) of the block; the tile's own range, not empty, covers
/// those of all its rows.
struct Tile {
  const int16_t* q;         // [rows][head_dim]
  const float* q_scales;    // [rows], with log2(e) and the scale of the scores
  const int16_t* keys;      // [head_dim / 2][64][2]
  const int16_t* values;    // [32][head_dim][2]
  const float* scales;      // of the keys [64], of the values [64]
  const std::byte* next;    // the next block's keys and, behind them, values, which few rows ask for meanwhile
  float* sums;              // [rows][head_dim]
  float* totals;            // [rows][kLanes]: of the weights, by lane
  float* bases;             // [rows]
  int32_t head_dim;
  int32_t begin;
  int32_t end;
  const int32_t* row_begin;
  const int32_t* row_end;
};

/// What passes from scores to values.
template <int Rows>
struct Weights {
  alignas(64) float scores[Rows * kKvBlockTokens];
  alignas(64) int16_t steps[Rows * kKvBlockTokens];
  float scales[Rows];
};

/// Keys [vec * kLanes, (vec + Vecs) * kLanes).
template <int Rows, int Vecs, bool kStreams>
inline __attribute__((always_inline)) void score_keys(const Tile& tile, int vec, float* scores) {
  IntVec sums[Rows][Vecs];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) sums[r][v] = IntVec{};
  }
  const int16_t* keys = tile.keys + vec * kLanes * 2;
  const std::byte* ahead = tile.next;
  const int16_t* q = tile.q;
  const int16_t* const q_end = q + tile.head_dim;
  const size_t stride = static_cast<size_t>(tile.head_dim);
  do {
    if (kStreams && vec == 0) {
      for (int line = 0; line < 4; ++line) __builtin_prefetch(ahead + line * kLineBytes);
      ahead += 4 * kLineBytes;
    }
    Pairs words[Vecs];
    for (int v = 0; v < Vecs; ++v) words[v] = load_pairs(keys + v * kLanes * 2);
    for (int r = 0; r < Rows; ++r) {
      const Pairs pair = splat_pair(q + r * stride);
      for (int v = 0; v < Vecs; ++v) sums[r][v] = add_pairs(sums[r][v], words[v], pair);
    }
    keys += 2 * kKvBlockTokens;
    q += 2;
  } while (q < q_end);
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) {
      const int at = (vec + v) * kLanes;
      store(scores + r * kKvBlockTokens + at, to_vec(sums[r][v]) * splat(tile.q_scales[r]) * load(tile.scales + at));
    }
  }
}

/// Behind the last key that any row sees, scores may be anything.
template <int Rows, bool kStreams>
inline __attribute__((always_inline)) void score_rows(const Tile& tile, float* scores) {
  int vec = 0;
  if (kTileVecs > 2 && tile.end <= kKvBlockTokens / 2) {
    score_keys<Rows, 2, kStreams>(tile, vec, scores);
    return;
  }
  for (; vec * kLanes < tile.end; vec += kTileVecs) score_keys<Rows, kTileVecs, kStreams>(tile, vec, scores);
}

/// `value` where the row sees the key, `other` elsewhere.
inline Vec mask_keys(Vec value, float other, int32_t first_key, int32_t begin, int32_t end) {
  IntVec key;
  for (int i = 0; i < kLanes; ++i) key[i] = first_key + i;
  return (key >= begin) & (key < end) ? value : splat(other);
}

/// Scores of one row become weights relative to the row's base, times the scales of the values, as whole numbers. Answers
/// the scale of those.
inline __attribute__((always_inline)) float soften_row(const Tile& tile, int row, float* scores, int16_t* steps) {
  const int32_t begin = tile.row_begin[row], end = tile.row_end[row];
  const bool is_partial = begin > 0 || end < kKvBlockTokens;
  if (is_partial) {
    for (int v = 0; v < kScoreVecs; ++v) store(scores + v * kLanes, mask_keys(load(scores + v * kLanes), kMasked, v * kLanes, begin, end));
  }
  Vec best = load(scores);
  for (int v = 1; v < kScoreVecs; ++v) best = greater(best, load(scores + v * kLanes));
  float base = tile.bases[row];
  Vec total = load(tile.totals + row * kLanes);
  if (any_greater(best, splat(base + kSlack))) {
    const float before = base;
    base = max_lanes(best);
    tile.bases[row] = base;
    const Vec rescale = exp2_vec(splat(before - base));
    total = total * rescale;
    float* sums = tile.sums + static_cast<size_t>(row) * tile.head_dim;
    for (int32_t d = 0; d < tile.head_dim; d += kLanes) store(sums + d, load(sums + d) * rescale);
  }
  Vec added = {}, scaled = {}, weights[kScoreVecs];
  for (int v = 0; v < kScoreVecs; ++v) {
    const Vec weight = exp2_vec(load(scores + v * kLanes) - splat(base));
    added = added + weight;
    weights[v] = weight * load(tile.scales + kKvBlockTokens + v * kLanes);
    // A slot that was never written may hold any scale, NaN too.
    if (is_partial) weights[v] = mask_keys(weights[v], 0, v * kLanes, begin, end);
    scaled = scaled + weights[v];
  }
  store(tile.totals + row * kLanes, total + added);
  const float sum = sum_lanes(scaled);
  // Of a key that is NaN the whole numbers are 0 and their scale is NaN, which the sums then are.
  const float inverse = sum > 1e-30f ? kWeightSteps / sum : 0.0f;
  for (int v = 0; v < kScoreVecs; ++v) store_shorts(steps + v * kLanes, round_to(weights[v], inverse));
  return sum > 1e-30f ? sum / kWeightSteps : sum * 0.0f;
}

template <int Rows, int Vecs, bool kStreams>
inline __attribute__((always_inline)) void add_values(const Tile& tile, const Weights<Rows>& weights, int32_t dim, const std::byte* ahead) {
  IntVec sums[Rows][Vecs];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) sums[r][v] = IntVec{};
  }
  const int32_t first = tile.begin & ~1;
  const int16_t* values = tile.values + static_cast<size_t>(first) * tile.head_dim + 2 * dim;
  const int16_t* weight_at = weights.steps + first;
  const int16_t* const weight_end = weights.steps + tile.end;
  do {  // begin < end: a loop that might not run at all would have its sums spilled.
    if (kStreams) {
      for (int v = 0; v < Vecs; ++v) __builtin_prefetch(ahead + v * kLineBytes);
      ahead += Vecs * kLineBytes;
    }
    Pairs words[Vecs];
    for (int v = 0; v < Vecs; ++v) words[v] = load_pairs(values + v * kLanes * 2);
    for (int r = 0; r < Rows; ++r) {
      const Pairs pair = splat_pair(weight_at + r * kKvBlockTokens);
      for (int v = 0; v < Vecs; ++v) sums[r][v] = add_pairs(sums[r][v], words[v], pair);
    }
    values += 2 * tile.head_dim;
    weight_at += 2;
  } while (weight_at < weight_end);
  for (int r = 0; r < Rows; ++r) {
    float* out = tile.sums + static_cast<size_t>(r) * tile.head_dim + dim;
    for (int v = 0; v < Vecs; ++v) store(out + v * kLanes, fmadd(to_vec(sums[r][v]), splat(weights.scales[r]), load(out + v * kLanes)));
  }
}

template <int Rows, bool kStreams>
void attend_tile(const Tile& tile) {
  Weights<Rows> weights;
  score_rows<Rows, kStreams>(tile, weights.scores);
  for (int r = 0; r < Rows; ++r) weights.scales[r] = soften_row(tile, r, weights.scores + r * kKvBlockTokens, weights.steps + r * kKvBlockTokens);
  const std::byte* ahead = tile.next + kKvBlockTokens * static_cast<size_t>(tile.head_dim) * sizeof(int16_t);
  int32_t dim = 0;
  for (; dim + kTileVecs * kLanes <= tile.head_dim; dim += kTileVecs * kLanes) {
    add_values<Rows, kTileVecs, kStreams>(tile, weights, dim, ahead);
    ahead += kTileVecs * kLineBytes * (kKvBlockTokens / 2);
  }
  if (dim < tile.head_dim) add_values<Rows, kTileVecs / 2, kStreams>(tile, weights, dim, ahead);
}

/// Few rows take a block straight from memory, and ask meanwhile for the next.
template <bool kStreams>
constexpr void (*kAttendTile[kTileRows])(const Tile& tile) = {attend_tile<1, kStreams>, attend_tile<2, kStreams>, attend_tile<3, kStreams>,
                                                              attend_tile<4, kStreams>, attend_tile<5, kStreams>, attend_tile<6, kStreams>};

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
