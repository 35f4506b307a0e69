#include "attention.h"

#include "attention_state.h"
#include "attention_tile.h"

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
};

template <class T>
T* carve(std::byte*& at, size_t count) {
  T* out = reinterpret_cast<T*>(at);
  at += (count * sizeof(T) + 63) / 64 * 64;
  return out;
}

Work carve_work(const AttentionArgs& args) {
  const int32_t group = args.heads / args.layer.kv_heads;
  const size_t dim = static_cast<size_t>(args.layer.head_dim), rows = kAttentionRows;
  std::byte* at = args.scratch;
  Work work{args, args.layer.head_dim, group, nullptr, nullptr, nullptr, {}, {}};
  work.q = carve<int16_t>(at, rows * dim);
  work.q_scales = carve<float>(at, rows);
  work.positions = carve<int32_t>(at, rows);
  work.segment = {carve<float>(at, rows * dim), carve<float>(at, rows * kLanes), carve<float>(at, rows)};
  work.all = {carve<float>(at, rows * dim), carve<float>(at, rows * kLanes), carve<float>(at, rows)};
  return work;
}

/// Rounds q of all parts; answers the rows of work.
int32_t load_rows(const Work& work) {
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
bool sees(const AttentionArgs& args, const AttentionRows& part, int32_t block_index) {
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

/// Rows [row, row + rows) over the block, in tiles of nearly equal size.
template <bool kStreams>
void attend_rows(const Work& work, const State& state, int32_t row, int32_t rows, const Block& block) {
  const int32_t base = block.index * kKvBlockTokens, tiles = (rows + kTileRows - 1) / kTileRows;
  const auto lines = static_cast<int32_t>(kv_head_bytes(work.head_dim) / kLineBytes);
  for (int32_t t = 0; t < tiles; ++t) {
    const int32_t at = row + rows * t / tiles, count = row + rows * (t + 1) / tiles - at;
    int32_t row_begin[kTileRows], row_end[kTileRows], begin = kKvBlockTokens, end = 0;
    for (int32_t r = 0; r < count; ++r) {
      row_end[r] = work.positions[at + r] + 1 - base;
      row_begin[r] = work.args.window > 0 ? row_end[r] - work.args.window : 0;
      if (row_begin[r] < begin) begin = row_begin[r];
      if (row_end[r] > end) end = row_end[r];
    }
    if (!kStreams) {  // A tile's share of the next block, into the second-level cache.
      for (int32_t line = lines * t / tiles; line < lines * (t + 1) / tiles; ++line) __builtin_prefetch(block.next + static_cast<size_t>(line) * kLineBytes, 0, 2);
    }
    if (begin < 0) begin = 0;
    if (end > kKvBlockTokens) end = kKvBlockTokens;
    if (begin >= end) continue;
    kAttendTile<kStreams>[count - 1]({work.q + static_cast<size_t>(at) * work.head_dim, work.q_scales + at, block.keys, block.values, block.scales, block.next,
                                      state.sums + static_cast<size_t>(at) * work.head_dim, state.totals + at * kLanes, state.bases + at, work.head_dim, begin, end, row_begin, row_end});
  }
}

/// Rows that share a block. `next` is the arena's index of the block after it.
void attend_block(const Work& work, const State& state, int32_t row, int32_t rows, int32_t index, int32_t block, int32_t next) {
  const KvLayer& layer = work.args.layer;
  const int32_t head = work.args.kv_head;
  const Block at{index, layer.keys(block, head), layer.values(block, head), layer.key_scales(block, head), layer.at(next, head)};
  if (rows <= kTileRows) attend_rows<true>(work, state, row, rows, at);
  else attend_rows<false>(work, state, row, rows, at);
}

/// All rows over the blocks of one segment. Neighbouring parts that have the same block take it together.
void attend_segment(const Work& work, const State& state, int32_t segment) {
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
        attend_block(work, state, row, rows, b, block, sees(args, part, b + 1) ? part.blocks[b + 1] : block);
      }
      row += rows;
    }
  }
}

/// The segment's results join those before it. A total that was summed up lies in the first lane, beside zeros.
void merge_segment(const Work& work, int32_t rows) {
  for (int32_t row = 0; row < rows; ++row) {
    Result all = result_of(work.all, row, work.head_dim);
    merge(all, result_of(work.segment, row, work.head_dim), work.head_dim);
    store(work.all.totals + row * kLanes, Vec{});
    work.all.totals[row * kLanes] = all.total;
    work.all.bases[row] = all.base;
  }
}

/// The segment's results, for attention_merge.
void keep_partials(const Work& work, const State& state, int32_t segment) {
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

void write_out(const Work& work) {
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

}  // namespace

Status attention_cpu(const AttentionArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  const Work work = carve_work(args);
  const int32_t rows = load_rows(work);
  for (int32_t segment = args.segment_begin; segment < args.segment_end; ++segment) {
    const bool is_first = segment == args.segment_begin;
    const State& state = is_first ? work.all : work.segment;
    state.clear(rows, work.head_dim);
    attend_segment(work, state, segment);
    keep_partials(work, state, segment);
    if (!is_first) merge_segment(work, rows);
  }
  if (args.segment_begin < args.segment_end) write_out(work);
  return Status::kOk;
}

Status attention_merge_cpu(const AttentionMergeArgs& args) {
  for (int32_t i = 0; i < args.count; ++i) {
    const AttentionRows& part = args.parts[i];
    float* partial = part.partials;
    for (int32_t token = 0; token < part.rows; ++token) {
      for (int32_t head = 0; head < args.heads; ++head) {
        Result all = stored_result(partial, args.head_dim);
        for (int32_t segment = 1; segment < part.segments; ++segment) {
          merge(all, stored_result(partial + static_cast<size_t>(segment) * partial_size(args.head_dim), args.head_dim), args.head_dim);
        }
        finish(args.out + static_cast<size_t>(part.first + token) * args.out_stride + static_cast<size_t>(head) * args.head_dim, all, args.head_dim);
        partial += static_cast<size_t>(part.segments) * partial_size(args.head_dim);
      }
    }
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
