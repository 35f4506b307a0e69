#pragma once

// The inner loops of attention: up to kTileRows rows of work over one block of keys. Internal linkage, like lib/vec.h.
//
// Every score is one chain of fused multiply-adds over head_dim, every sum of values one chain over the keys, both in
// ascending order, so that the bits of a row do not depend on how many rows are with it, on the source of the words, or
// on how far beyond its own keys the tile goes: such keys weigh exactly 0, and values that were written are finite.

#include <cstddef>

#include "../../lib/vec.h"
#include "attention.h"

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

inline Vec read_words(const half* at) { return load_halves(at); }
inline Vec read_words(const float* at) { return load(at); }

/// A block in binary16 comes straight from memory: what is needed next is asked for meanwhile.
template <class Word>
constexpr bool kStreams = sizeof(Word) == sizeof(half);
constexpr int kLineHalves = 32;  // of a cache line

/// Row r of the tile sees keys [begin[r], end[r]) of the block; the tile's own range, not empty, covers
/// those of all its rows.
template <class Word>
struct Tile {
  const float* q;      // [rows][head_dim], scaled, with log2(e) in the scale
  const Word* keys;    // [head_dim][64]
  const Word* values;  // [64][head_dim]
  const half* next;    // of a streamed block: the next one's keys, asked for meanwhile
  float* sums;         // [rows][head_dim]
  float* totals;       // [rows][kLanes]: of the weights, by lane
  float* bases;        // [rows]
  int32_t head_dim;
  int32_t begin;
  int32_t end;
  const int32_t* row_begin;
  const int32_t* row_end;
};

/// Keys [vec * kLanes, (vec + Vecs) * kLanes).
template <class Word, int Rows, int Vecs>
inline __attribute__((always_inline)) void score_keys(const Tile<Word>& tile, int vec, float* scores) {
  Vec sums[Rows][Vecs];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) sums[r][v] = Vec{};
  }
  const Word* keys = tile.keys + vec * kLanes;
  const Word* ahead = tile.values;
  const float* q = tile.q;
  const float* const q_end = q + tile.head_dim;
  const size_t stride = static_cast<size_t>(tile.head_dim);
  do {
    if (kStreams<Word> && vec == 0) {
      for (int line = 0; line < kKvBlockTokens; line += kLineHalves) __builtin_prefetch(ahead + line);
      ahead += kKvBlockTokens;
    }
    Vec words[Vecs];
    for (int v = 0; v < Vecs; ++v) words[v] = read_words(keys + v * kLanes);
    for (int r = 0; r < Rows; ++r) {
      const Vec value = splat(q[r * stride]);
      for (int v = 0; v < Vecs; ++v) sums[r][v] = fmadd(value, words[v], sums[r][v]);
    }
    keys += kKvBlockTokens;
  } while (++q < q_end);
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) store(scores + r * kKvBlockTokens + (vec + v) * kLanes, sums[r][v]);
  }
}

/// Behind the last key that any row sees, scores may be anything.
template <class Word, int Rows>
inline __attribute__((always_inline)) void score_rows(const Tile<Word>& tile, float* scores) {
  int vec = 0;
  if (kTileVecs > 2 && tile.end <= kKvBlockTokens / 2) {
    score_keys<Word, Rows, 2>(tile, vec, scores);
    return;
  }
  for (; vec * kLanes < tile.end; vec += kTileVecs) score_keys<Word, Rows, kTileVecs>(tile, vec, scores);
}

/// The score of keys that the row does not see: kMasked.
inline Vec mask_keys(Vec score, int32_t first_key, int32_t begin, int32_t end) {
  IntVec key;
  for (int i = 0; i < kLanes; ++i) key[i] = first_key + i;
  return (key >= begin) & (key < end) ? score : splat(kMasked);
}

/// Scores of one row become weights, relative to the row's base.
template <class Word>
inline __attribute__((always_inline)) void soften_row(const Tile<Word>& tile, int row, float* scores) {
  const int32_t begin = tile.row_begin[row], end = tile.row_end[row];
  if (begin > 0 || end < kKvBlockTokens) {
    for (int v = 0; v < kScoreVecs; ++v) store(scores + v * kLanes, mask_keys(load(scores + v * kLanes), v * kLanes, begin, end));
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
  Vec added = {};
  for (int v = 0; v < kScoreVecs; ++v) {
    const Vec weight = exp2_vec(load(scores + v * kLanes) - splat(base));
    store(scores + v * kLanes, weight);
    added = added + weight;
  }
  store(tile.totals + row * kLanes, total + added);
}

template <class Word, int Rows, int Vecs>
inline __attribute__((always_inline)) void add_values(const Tile<Word>& tile, const float* weights, int32_t dim, const half* ahead) {
  Vec sums[Rows][Vecs];
  float* out = tile.sums + dim;
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) sums[r][v] = load(out + static_cast<size_t>(r) * tile.head_dim + v * kLanes);
  }
  const Word* values = tile.values + static_cast<size_t>(tile.begin) * tile.head_dim + dim;
  const float* weight_at = weights + tile.begin;
  const float* const weight_end = weights + tile.end;
  do {  // begin < end: a loop that might not run at all would have its sums spilled.
    if (kStreams<Word>) {
      for (int line = 0; line < Vecs * kLanes; line += kLineHalves) __builtin_prefetch(ahead + line);
      ahead += Vecs * kLanes;
    }
    Vec words[Vecs];
    for (int v = 0; v < Vecs; ++v) words[v] = read_words(values + v * kLanes);
    for (int r = 0; r < Rows; ++r) {
      const Vec weight = splat(weight_at[r * kKvBlockTokens]);
      for (int v = 0; v < Vecs; ++v) sums[r][v] = fmadd(weight, words[v], sums[r][v]);
    }
    values += tile.head_dim;
  } while (++weight_at < weight_end);
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vecs; ++v) store(out + static_cast<size_t>(r) * tile.head_dim + v * kLanes, sums[r][v]);
  }
}

template <class Word, int Rows>
void attend_tile(const Tile<Word>& tile) {
  alignas(64) float scores[Rows * kKvBlockTokens];
  score_rows<Word, Rows>(tile, scores);
  for (int r = 0; r < Rows; ++r) soften_row(tile, r, scores + r * kKvBlockTokens);
  const half* ahead = tile.next;
  int32_t dim = 0;
  for (; dim + kTileVecs * kLanes <= tile.head_dim; dim += kTileVecs * kLanes) {
    add_values<Word, Rows, kTileVecs>(tile, scores, dim, ahead);
    ahead += kTileVecs * kLanes * kKvBlockTokens;
  }
  if (dim < tile.head_dim) add_values<Word, Rows, kTileVecs / 2>(tile, scores, dim, ahead);
}

template <class Word>
constexpr void (*kAttendTile[kTileRows])(const Tile<Word>& tile) = {
    attend_tile<Word, 1>, attend_tile<Word, 2>, attend_tile<Word, 3>, attend_tile<Word, 4>, attend_tile<Word, 5>, attend_tile<Word, 6>};

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
