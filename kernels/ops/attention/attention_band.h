#pragma once

// The inner loops of attention on vectors: up to kBandRows rows of work over one block of keys; and what they share with those
// on tiles. Internal linkage, like lib/vec.h.
//
// Every score is a whole number times two scales, every sum of a block's values a whole number times one; blocks are added in
// ascending order in fp32. So the bits of a row do not depend on how many rows are with it or on how far beyond its own keys
// the band goes: such keys weigh exactly 0.

#include <cstddef>

#include "attention.h"
#include "word_pairs.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// Vectors of a band: with kBandRows rows, the sums, the words and the broadcast value just fit the registers.
#if defined(SLACKWATER_ISA_avx512)
constexpr int kBandVecs = 4;
#else
constexpr int kBandVecs = 2;
#endif
/// Rows that are in registers together, and that are in a band of tiles.
constexpr int kBandRows = 6, kBandRowsMax = 16;
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

/// Row r of the band sees keys [row_begin[r], row_end[r]) of the block, ends that lie outside of it included; the band's own
/// range, inside the block, covers those of all its rows.
struct Band {
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
  int32_t row_begin[kBandRowsMax];
  int32_t row_end[kBandRowsMax];
};

/// What passes from scores to values.
template <int Rows>
struct Weights {
  alignas(64) float scores[Rows * kKvBlockTokens];
  alignas(64) int16_t steps[Rows * kKvBlockTokens];
  float scales[Rows];
};

/// Scores of keys [key, key + kLanes) of the block, of their products' sums.
inline __attribute__((always_inline)) Vec score_of(const Band& band, int32_t row, int32_t key, IntVec sum) {
  return to_vec(sum) * splat(band.q_scales[row]) * load(band.scales + key);
}

/// kLanes of a row's weighted values join those of the blocks before.
inline __attribute__((always_inline)) void add_value(float* to, IntVec sum, float scale) { store(to, fmadd(to_vec(sum), splat(scale), load(to))); }

/// Keys [vec * kLanes, (vec + Vecs) * kLanes).
template <int Rows, int Vecs, bool kStreams>
inline __attribute__((always_inline)) void score_keys(const Band& band, int vec, float* scores) {
  IntVec sums[Rows][Vecs];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) sums[r][v] = IntVec{};
  }
  const int16_t* keys = band.keys + vec * kLanes * 2;
  const std::byte* ahead = band.next;
  const int16_t* q = band.q;
  const int16_t* const q_end = q + band.head_dim;
  const size_t stride = static_cast<size_t>(band.head_dim);
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
      store(scores + r * kKvBlockTokens + at, score_of(band, r, at, sums[r][v]));
    }
  }
}

/// Behind the last key that any row sees, scores may be anything.
template <int Rows, bool kStreams>
inline __attribute__((always_inline)) void score_rows(const Band& band, float* scores) {
  int vec = 0;
  if (kBandVecs > 2 && band.end <= kKvBlockTokens / 2) {
    score_keys<Rows, 2, kStreams>(band, vec, scores);
    return;
  }
  for (; vec * kLanes < band.end; vec += kBandVecs) score_keys<Rows, kBandVecs, kStreams>(band, vec, scores);
}

/// `value` where the row sees the key, `other` elsewhere.
inline Vec mask_keys(Vec value, float other, int32_t first_key, int32_t begin, int32_t end) {
  IntVec key;
  for (int i = 0; i < kLanes; ++i) key[i] = first_key + i;
  return (key >= begin) & (key < end) ? value : splat(other);
}

/// Scores of one row become weights relative to the row's base, times the scales of the values, as whole numbers. Answers
/// the scale of those.
inline __attribute__((always_inline)) float soften_row(const Band& band, int row, float* scores, int16_t* steps) {
  const int32_t begin = band.row_begin[row], end = band.row_end[row];
  const bool is_partial = begin > 0 || end < kKvBlockTokens;
  if (is_partial) {
    for (int v = 0; v < kScoreVecs; ++v) store(scores + v * kLanes, mask_keys(load(scores + v * kLanes), kMasked, v * kLanes, begin, end));
  }
  Vec best = load(scores);
  for (int v = 1; v < kScoreVecs; ++v) best = greater(best, load(scores + v * kLanes));
  float base = band.bases[row];
  Vec total = load(band.totals + row * kLanes);
  if (any_greater(best, splat(base + kSlack))) {
    const float before = base;
    base = max_lanes(best);
    band.bases[row] = base;
    const Vec rescale = exp2_vec(splat(before - base));
    total = total * rescale;
    float* sums = band.sums + static_cast<size_t>(row) * band.head_dim;
    for (int32_t d = 0; d < band.head_dim; d += kLanes) store(sums + d, load(sums + d) * rescale);
  }
  Vec added = {}, scaled = {}, weights[kScoreVecs];
  for (int v = 0; v < kScoreVecs; ++v) {
    const Vec weight = exp2_vec(load(scores + v * kLanes) - splat(base));
    added = added + weight;
    weights[v] = weight * load(band.scales + kKvBlockTokens + v * kLanes);
    // A slot that was never written may hold any scale, NaN too.
    if (is_partial) weights[v] = mask_keys(weights[v], 0, v * kLanes, begin, end);
    scaled = scaled + weights[v];
  }
  store(band.totals + row * kLanes, total + added);
  const float sum = sum_lanes(scaled);
  // Of a key that is NaN the whole numbers are 0 and their scale is NaN, which the sums then are.
  const float inverse = sum > 1e-30f ? kWeightSteps / sum : 0.0f;
  for (int v = 0; v < kScoreVecs; ++v) store_shorts(steps + v * kLanes, round_to(weights[v], inverse));
  return sum > 1e-30f ? sum / kWeightSteps : sum * 0.0f;
}

template <int Rows, int Vecs, bool kStreams>
inline __attribute__((always_inline)) void add_values(const Band& band, const Weights<Rows>& weights, int32_t dim, const std::byte* ahead) {
  IntVec sums[Rows][Vecs];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) sums[r][v] = IntVec{};
  }
  const int32_t first = band.begin & ~1;
  const int16_t* values = band.values + static_cast<size_t>(first) * band.head_dim + 2 * dim;
  const int16_t* weight_at = weights.steps + first;
  const int16_t* const weight_end = weights.steps + band.end;
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
    values += 2 * band.head_dim;
    weight_at += 2;
  } while (weight_at < weight_end);
  for (int r = 0; r < Rows; ++r) {
    float* out = band.sums + static_cast<size_t>(r) * band.head_dim + dim;
    for (int v = 0; v < Vecs; ++v) add_value(out + v * kLanes, sums[r][v], weights.scales[r]);
  }
}

template <int Rows, bool kStreams>
void attend_band(const Band& band) {
  Weights<Rows> weights;
  score_rows<Rows, kStreams>(band, weights.scores);
  for (int r = 0; r < Rows; ++r) weights.scales[r] = soften_row(band, r, weights.scores + r * kKvBlockTokens, weights.steps + r * kKvBlockTokens);
  const std::byte* ahead = band.next + kKvBlockTokens * static_cast<size_t>(band.head_dim) * sizeof(int16_t);
  int32_t dim = 0;
  for (; dim + kBandVecs * kLanes <= band.head_dim; dim += kBandVecs * kLanes) {
    add_values<Rows, kBandVecs, kStreams>(band, weights, dim, ahead);
    ahead += kBandVecs * kLineBytes * (kKvBlockTokens / 2);
  }
  if (dim < band.head_dim) add_values<Rows, kBandVecs / 2, kStreams>(band, weights, dim, ahead);
}

/// Few rows take a block straight from memory, and ask meanwhile for the next.
template <bool kStreams>
constexpr void (*kAttendBand[kBandRows])(const Band& band) = {attend_band<1, kStreams>, attend_band<2, kStreams>, attend_band<3, kStreams>,
                                                              attend_band<4, kStreams>, attend_band<5, kStreams>, attend_band<6, kStreams>};

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
