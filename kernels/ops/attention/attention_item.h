#pragma once

// A work item of attention, whatever multiplies: its rows, their states, the blocks in order. Internal linkage, like lib/vec.h.

#include "attention_band.h"
#include "attention_state.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

constexpr int32_t kSegmentBlocks = kSegmentTokens / kKvBlockTokens;
/// log2(e): weights are powers of 2.
constexpr float kLog2E = 1.44269504088896341f;

/// Row i of work is head i % group of token i / group of the item.
struct Work {
  const AttentionArgs& args;
  int32_t head_dim;
  int32_t group;
  int16_t* q;          // [rows, head_dim]
  float* q_scales;     // [rows]
  int32_t* positions;  // [rows]
  State segment;
  State all;
  std::byte* planes;   // where tiles keep numbers split in two
};

template <class T>
T* carve(std::byte*& at, size_t count) {
  T* out = reinterpret_cast<T*>(at);
  at += (count * sizeof(T) + 63) / 64 * 64;
  return out;
}

inline Work carve_work(const AttentionArgs& args) {
  const int32_t group = args.heads / args.layer.kv_heads;
  const size_t dim = static_cast<size_t>(args.layer.head_dim), rows = kAttentionRows;
  std::byte* at = args.scratch;
  Work work{args, args.layer.head_dim, group, nullptr, nullptr, nullptr, {}, {}, nullptr};
  work.q = carve<int16_t>(at, rows * dim);
  work.q_scales = carve<float>(at, rows);
  work.positions = carve<int32_t>(at, rows);
  work.segment = {carve<float>(at, rows * dim), carve<float>(at, rows * kLanes), carve<float>(at, rows)};
  work.all = {carve<float>(at, rows * dim), carve<float>(at, rows * kLanes), carve<float>(at, rows)};
  work.planes = at;
  return work;
}

/// Rounds q of all parts; answers the rows of work.
inline int32_t load_rows(const Work& work) {
  const AttentionArgs& args = work.args;
  const int32_t values = work.group * work.head_dim;  // of a token
  int32_t row = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    for (int32_t token = 0; token < args.parts[i].rows; ++token) {
      const float* q = args.q + static_cast<size_t>(args.parts[i].first + token) * args.q_stride + static_cast<size_t>(args.kv_head) * values;
      for (int32_t head = 0; head < work.group; ++head, ++row, q += work.head_dim) {
        work.q_scales[row] = round_head(q, work.head_dim, kActivationNorm, work.q + static_cast<size_t>(row) * work.head_dim) * (args.scale * kLog2E);
        work.positions[row] = args.parts[i].start + token;
      }
    }
  }
  return row;
}

/// Whether a row of the part sees a key of the block.
inline bool sees(const AttentionArgs& args, const AttentionRows& part, int32_t block_index) {
  const int32_t begin = block_index * kKvBlockTokens;
  return begin < part.start + part.rows && (args.window == 0 || part.start - args.window + 1 < begin + kKvBlockTokens);
}

/// One block, and what to ask for while it is worked on.
struct Block {
  int32_t index;  // in the sequences' tables
  const int16_t* keys;
  const int16_t* values;
  const float* scales;
  const std::byte* next;  // the block after it
};

/// Rows [at, at + count) of work over the block; begin ≥ end when they see none of its keys.
inline Band band_of(const Work& work, const State& state, const Block& block, int32_t at, int32_t count) {
  const size_t dim = static_cast<size_t>(work.head_dim);
  Band band{work.q + static_cast<size_t>(at) * dim, work.q_scales + at, block.keys, block.values, block.scales, block.next, state.sums + static_cast<size_t>(at) * dim,
            state.totals + at * kLanes, state.bases + at, work.head_dim, kKvBlockTokens, 0, {}, {}};
  for (int32_t r = 0; r < count; ++r) {
    const int32_t end = work.positions[at + r] + 1 - block.index * kKvBlockTokens, begin = work.args.window > 0 ? end - work.args.window : 0;
    if (begin < band.begin) band.begin = begin;
    if (end > band.end) band.end = end;
    band.row_begin[r] = begin;
    band.row_end[r] = end;
  }
  if (band.begin < 0) band.begin = 0;
  if (band.end > kKvBlockTokens) band.end = kKvBlockTokens;
  return band;
}

/// Rows [row, row + rows) of work over the block, in bands of nearly equal size, each of which fetches its share of the next block into the
/// second-level cache; few rows stream it instead.
template <bool kStreams, class AttendBand>
void attend_bands(const Work& work, const State& state, int32_t row, int32_t rows, const Block& block, int32_t band_rows, const AttendBand& attend_band) {
  const int32_t bands = (rows + band_rows - 1) / band_rows, lines = static_cast<int32_t>(kv_head_bytes(work.head_dim) / kLineBytes);
  for (int32_t i = 0; i < bands; ++i) {
    const int32_t at = row + rows * i / bands, count = row + rows * (i + 1) / bands - at;
    const Band band = band_of(work, state, block, at, count);
    if (!kStreams) {
      for (int32_t line = lines * i / bands; line < lines * (i + 1) / bands; ++line) __builtin_prefetch(block.next + static_cast<size_t>(line) * kLineBytes, 0, 2);
    }
    if (band.begin < band.end) attend_band(band, at, count);
  }
}

/// Blocks on vectors. `start` is told the rows of work before the first block.
struct VectorBlocks {
  void start(const Work&, int32_t) {}
  void attend(const Work& work, const State& state, int32_t row, int32_t rows, const Block& block) {
    if (rows <= kBandRows) attend_bands<true>(work, state, row, rows, block, kBandRows, [](const Band& band, int32_t, int32_t count) { kAttendBand<true>[count - 1](band); });
    else attend_bands<false>(work, state, row, rows, block, kBandRows, [](const Band& band, int32_t, int32_t count) { kAttendBand<false>[count - 1](band); });
  }
};

/// Block `index` of the sequences' tables is `block` of the arena, and the one after it `next`.
inline Block block_at(const AttentionArgs& args, int32_t index, int32_t block, int32_t next) {
  const KvLayer& layer = args.layer;
  return {index, layer.keys(block, args.kv_head), layer.values(block, args.kv_head), layer.key_scales(block, args.kv_head), layer.at(next, args.kv_head)};
}

/// All rows over the blocks of one segment. Neighbouring parts that have the same block take it together.
template <class Blocks>
void attend_segment(Blocks& blocks, const Work& work, const State& state, int32_t segment) {
  const AttentionArgs& args = work.args;
  for (int32_t b = segment * kSegmentBlocks; b < (segment + 1) * kSegmentBlocks; ++b) {
    int32_t row = 0;
    for (int32_t i = 0; i < args.count;) {
      const AttentionRows& part = args.parts[i];
      int32_t rows = part.rows * work.group;
      ++i;
      if (sees(args, part, b)) {
        const int32_t block = part.blocks[b];
        for (; i < args.count && sees(args, args.parts[i], b) && args.parts[i].blocks[b] == block; ++i) rows += args.parts[i].rows * work.group;
        blocks.attend(work, state, row, rows, block_at(args, b, block, sees(args, part, b + 1) ? part.blocks[b + 1] : block));
      }
      row += rows;
    }
  }
}

/// The segment's results join those before it. A total that was summed up lies in the first lane, beside zeros.
inline void merge_segment(const Work& work, int32_t rows) {
  for (int32_t row = 0; row < rows; ++row) {
    Result all = result_of(work.all, row, work.head_dim);
    merge(all, result_of(work.segment, row, work.head_dim), work.head_dim);
    store(work.all.totals + row * kLanes, Vec{});
    work.all.totals[row * kLanes] = all.total;
    work.all.bases[row] = all.base;
  }
}

/// The segment's results, for attention_merge.
inline void keep_partials(const Work& work, const State& state, int32_t segment) {
  const AttentionArgs& args = work.args;
  int32_t row = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    const AttentionRows& part = args.parts[i];
    for (int32_t at = 0; at < part.rows * work.group; ++at, ++row) {
      if (part.partials == nullptr) continue;
      const size_t head = static_cast<size_t>(at / work.group) * args.heads + args.kv_head * work.group + at % work.group;
      store_result(part.partials + (head * part.segments + (segment - part.segment)) * partial_size(work.head_dim), result_of(state, row, work.head_dim), work.head_dim);
    }
  }
}

inline void write_out(const Work& work) {
  const AttentionArgs& args = work.args;
  int32_t row = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    for (int32_t at = 0; at < args.parts[i].rows * work.group; ++at, ++row) {
      if (args.parts[i].partials != nullptr) continue;
      float* out = args.out + static_cast<size_t>(args.parts[i].first + at / work.group) * args.out_stride;
      finish(out + static_cast<size_t>(args.kv_head * work.group + at % work.group) * work.head_dim, result_of(work.all, row, work.head_dim), work.head_dim);
    }
  }
}

/// AttentionArgs that check_attention accepts. `Blocks` is VectorBlocks or TileBlocks.
template <class Blocks>
void attend_item(const AttentionArgs& args, Blocks& blocks) {
  const Work work = carve_work(args);
  const int32_t rows = load_rows(work);
  blocks.start(work, rows);
  for (int32_t segment = args.segment_begin; segment < args.segment_end; ++segment) {
    const bool is_first = segment == args.segment_begin;
    const State& state = is_first ? work.all : work.segment;
    state.clear(rows, work.head_dim);
    attend_segment(blocks, work, state, segment);
    keep_partials(work, state, segment);
    if (!is_first) merge_segment(work, rows);
  }
  if (args.segment_begin < args.segment_end) write_out(work);
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
