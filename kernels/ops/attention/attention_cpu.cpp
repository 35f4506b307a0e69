#include "attention.h"

#include "attention_state.h"
#include "attention_tile.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

constexpr int32_t kSegmentBlocks = kSegmentTokens / kKvBlockTokens;
/// log2(e): weights are powers of 2.
constexpr float kLog2E = 1.44269504088896341f;

/// Row i of work is head i % token_rows of token i / token_rows of the item; heads beyond the group are not computed.
struct Work {
  const AttentionArgs& args;
  int32_t head_dim;
  int32_t group;
  int32_t tile_rows;
  int32_t token_rows;
  float* keys;         // fp32 of the block at hand
  float* values;
  float* q;            // [tiles][head_dim][kTileRows]
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
  Work work{args, args.layer.head_dim, group, tile_rows(group), token_rows(group), nullptr, nullptr, nullptr, nullptr, {}, {}};
  work.keys = carve<float>(at, dim * kKvBlockTokens);
  work.values = carve<float>(at, dim * kKvBlockTokens);
  work.q = carve<float>(at, (rows / 2 + 1) * kTileRows * dim);
  work.positions = carve<int32_t>(at, rows);
  work.segment = {carve<float>(at, rows * dim), carve<float>(at, rows * kLanes), carve<float>(at, rows)};
  work.all = {carve<float>(at, rows * dim), carve<float>(at, rows * kLanes), carve<float>(at, rows)};
  return work;
}

/// Packs q of all parts; answers the rows of work.
int32_t load_rows(const Work& work) {
  const AttentionArgs& args = work.args;
  const float scale = args.scale * kLog2E;
  int32_t row = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    for (int32_t token = 0; token < args.parts[i].rows; ++token) {
      const float* q = args.q + static_cast<size_t>(args.parts[i].first + token) * args.q_stride + static_cast<size_t>(args.kv_head) * work.group * work.head_dim;
      for (int32_t head = 0; head < work.token_rows; ++head, ++row) {
        work.positions[row] = args.parts[i].start + token;
        if (head >= work.group) continue;
        float* packed = work.q + static_cast<size_t>(row / work.tile_rows) * work.head_dim * kTileRows + row % work.tile_rows;
        for (int32_t d = 0; d < work.head_dim; ++d) packed[d * kTileRows] = q[static_cast<size_t>(head) * work.head_dim + d] * scale;
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

/// Rows [row, end) of work, all of which have the block at this index.
template <class Word>
void attend_rows(const Work& work, int32_t row, int32_t end, int32_t block_index, const Word* keys, const Word* values, const Word* next) {
  const int32_t base = block_index * kKvBlockTokens;
  int32_t row_begin[kTileRows], row_end[kTileRows];
  while (row < end) {
    int32_t stop = (row / work.tile_rows + 1) * work.tile_rows;  // of the tile
    const int32_t token = row / work.token_rows * work.token_rows;
    if (work.group > kTileRows && stop > token + work.group) stop = token + work.group;
    if (stop > end) stop = end;
    const int32_t rows = stop - row;
    int32_t first = kKvBlockTokens, last = 0;
    for (int32_t r = 0; r < rows; ++r) {
      row_end[r] = work.positions[row + r] + 1 - base;
      row_begin[r] = work.args.window > 0 ? row_end[r] - work.args.window : 0;
      if (row_begin[r] < first) first = row_begin[r];
      if (row_end[r] > last) last = row_end[r];
    }
    if (first < 0) first = 0;
    if (last > kKvBlockTokens) last = kKvBlockTokens;
    if (first < last) {
      kAttendTile<Word>[rows - 1]({work.q + static_cast<size_t>(row / work.tile_rows) * work.head_dim * kTileRows + row % work.tile_rows, keys, values, next,
                                   work.segment.sums + static_cast<size_t>(row) * work.head_dim, work.segment.totals + row * kLanes,
                                   work.segment.bases + row, work.head_dim, first, last, row_begin, row_end});
    }
    row = stop;
    if (work.group > kTileRows && row == token + work.group) row = token + work.token_rows;
  }
}

/// Many rows take the block as fp32, few straight from the cache line it came in. `next` is where the block after it lies.
void attend_block(const Work& work, int32_t row, int32_t end, int32_t block_index, int32_t block, int32_t next) {
  const half* keys = work.args.layer.keys(block, work.args.kv_head);
  const half* values = work.args.layer.values(block, work.args.kv_head);
  if (end - row <= kTileRows) {
    attend_rows<half>(work, row, end, block_index, keys, values, work.args.layer.keys(next, work.args.kv_head));
    return;
  }
  const int32_t count = work.head_dim * kKvBlockTokens;
  for (int32_t i = 0; i < count; i += kLanes) store(work.keys + i, load_halves(keys + i));
  for (int32_t i = 0; i < count; i += kLanes) store(work.values + i, load_halves(values + i));
  attend_rows<float>(work, row, end, block_index, work.keys, work.values, work.keys);
}

/// All rows over the blocks of one segment. Neighbouring parts that have the same block take it together.
void attend_segment(const Work& work, int32_t segment) {
  const AttentionArgs& args = work.args;
  for (int32_t b = segment * kSegmentBlocks; b < (segment + 1) * kSegmentBlocks; ++b) {
    int32_t row = 0;
    for (int32_t i = 0; i < args.count;) {
      const AttentionRows& part = args.parts[i];
      int32_t end = row + part.rows * work.token_rows;
      ++i;
      if (!sees(args, part, b)) {
        row = end;
        continue;
      }
      const int32_t block = part.blocks[b];
      for (; i < args.count && sees(args, args.parts[i], b) && args.parts[i].blocks[b] == block; ++i) end += args.parts[i].rows * work.token_rows;
      attend_block(work, row, end, b, block, sees(args, part, b + 1) ? part.blocks[b + 1] : block);
      row = end;
    }
  }
}

/// The segment's results go to the partials of their part, or into `all`.
void fold_segment(const Work& work, int32_t segment) {
  const AttentionArgs& args = work.args;
  int32_t row = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    const AttentionRows& part = args.parts[i];
    for (int32_t token = 0; token < part.rows; ++token, row += work.token_rows) {
      for (int32_t head = 0; head < work.group; ++head) {
        const Result result = result_of(work.segment, row + head, work.head_dim);
        if (part.partials != nullptr) {
          const size_t index = (static_cast<size_t>(token) * args.heads + args.kv_head * work.group + head) * part.segments + (segment - part.segment);
          store_result(part.partials + index * partial_size(work.head_dim), result, work.head_dim);
        } else {
          // `all` keeps its total in the first lane, the others hold 0: result_of then reads it back as it was.
          Result all = result_of(work.all, row + head, work.head_dim);
          merge(all, result, work.head_dim);
          work.all.totals[(row + head) * kLanes] = all.total;
          work.all.bases[row + head] = all.base;
        }
      }
    }
  }
}

void write_out(const Work& work, const State& state) {
  const AttentionArgs& args = work.args;
  int32_t row = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    for (int32_t token = 0; token < args.parts[i].rows; ++token, row += work.token_rows) {
      if (args.parts[i].partials != nullptr) continue;
      float* out = args.out + static_cast<size_t>(args.parts[i].first + token) * args.out_stride + static_cast<size_t>(args.kv_head) * work.group * work.head_dim;
      for (int32_t head = 0; head < work.group; ++head) finish(out + static_cast<size_t>(head) * work.head_dim, result_of(state, row + head, work.head_dim), work.head_dim);
    }
  }
}

}  // namespace

Status attention_cpu(const AttentionArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  const Work work = carve_work(args);
  const int32_t rows = load_rows(work);
  work.all.clear(rows, work.head_dim);
  for (int32_t segment = args.segment_begin; segment < args.segment_end; ++segment) {
    work.segment.clear(rows, work.head_dim);
    attend_segment(work, segment);
    fold_segment(work, segment);
  }
  write_out(work, work.all);
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
