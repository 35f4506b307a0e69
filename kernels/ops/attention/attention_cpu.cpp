#include "attention.h"

#include "../gemm/panel.h"
#include "transpose.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

constexpr float kMasked = -1e30f;
/// The maximum before the first key: above kMasked, so that keys that are not seen weigh 0 even when there is no other.
constexpr float kNothing = -1e29f;
constexpr int32_t kScoreVecs = kKvBlockTokens / kLanes;

/// One pass over the keys for up to 96 rows; row i is token i / group, head i % group of the kv head's group.
struct Work {
  float* q;             // [96, head_dim] scaled
  float* out;           // [96, head_dim] sum of p * v so far, relative to `largest`
  float* scores;        // [96, 64] of the block at hand; after the softmax: p
  float* largest;       // [96]
  float* total;         // [96] sum of p so far, relative to `largest`
  float* keys;          // panels of the block at hand
  float* values;
  int32_t rows;
};

template <class T>
T* carve(std::byte*& at, size_t count) {
  T* out = reinterpret_cast<T*>(at);
  at += (count * sizeof(T) + 63) / 64 * 64;
  return out;
}

Work carve_work(std::byte* at, int32_t head_dim) {
  Work work{};
  const size_t rows = kAttentionRows;
  work.keys = carve<float>(at, 2 * panel_size(head_dim));
  work.values = carve<float>(at, static_cast<size_t>(panel_count(head_dim)) * panel_size(kKvBlockTokens));
  work.q = carve<float>(at, rows * head_dim);
  work.out = carve<float>(at, rows * head_dim);
  work.scores = carve<float>(at, rows * kKvBlockTokens);
  work.largest = carve<float>(at, rows);
  work.total = carve<float>(at, rows);
  return work;
}

/// Scores of one row become weights; keys [begin, end) of the block may be seen, the others get exactly 0.
void soften_row(const Work& work, int32_t row, int32_t begin, int32_t end, int32_t head_dim) {
  float* scores = work.scores + static_cast<size_t>(row) * kKvBlockTokens;
  for (int32_t t = 0; t < begin && t < kKvBlockTokens; ++t) scores[t] = kMasked;
  for (int32_t t = end < 0 ? 0 : end; t < kKvBlockTokens; ++t) scores[t] = kMasked;
  Vec score[kScoreVecs];
  Vec best = load(scores);
  for (int v = 0; v < kScoreVecs; ++v) {
    score[v] = load(scores + v * kLanes);
    best = greater(best, score[v]);
  }
  const float block_largest = max_lanes(best);
  const float before = work.largest[row];
  const float largest = block_largest > before ? block_largest : before;
  Vec sum = {};
  for (int v = 0; v < kScoreVecs; ++v) {
    const Vec p = exp_vec(score[v] - splat(largest));
    store(scores + v * kLanes, p);
    sum = sum + p;
  }
  const float block_total = sum_lanes(sum);
  if (largest == before) {
    work.total[row] += block_total;
    return;
  }
  // The sums so far were taken relative to a smaller maximum.
  float rescale[kLanes];
  store(rescale, exp_vec(splat(before - largest)));
  work.total[row] = work.total[row] * rescale[0] + block_total;
  work.largest[row] = largest;
  float* out = work.out + static_cast<size_t>(row) * head_dim;
  for (int32_t d = 0; d < head_dim; d += kLanes) store(out + d, load(out + d) * splat(rescale[0]));
}

/// All rows over one block. `limit`: tokens of the block that any row sees, 1 to 64; behind it memory may hold anything.
void attend_block(const AttentionArgs& args, const Work& work, int32_t block_index, int32_t kv_head, int32_t first, int32_t limit) {
  const int32_t head_dim = args.layer.head_dim;
  const int32_t group = args.heads / args.layer.kv_heads;
  const int32_t block = args.blocks[block_index];
  make_panels(args.layer.keys(block, kv_head), kKvBlockTokens, head_dim, work.keys);
  make_panels(args.layer.values(block, kv_head), head_dim, kKvBlockTokens, work.values);
  const size_t dim = static_cast<size_t>(head_dim);
  multiply_panels<FloatPanel>({work.scores, kKvBlockTokens, work.q, dim, work.keys, panel_size(head_dim), head_dim, false}, work.rows, 0, 2);
  for (int32_t row = 0; row < work.rows; ++row) {
    const int32_t end = args.start + first + row / group + 1 - block_index * kKvBlockTokens;
    soften_row(work, row, args.window > 0 ? end - args.window : 0, end, head_dim);
  }
  multiply_panels<FloatPanel>({work.out, dim, work.scores, kKvBlockTokens, work.values, panel_size(kKvBlockTokens), limit, true}, work.rows, 0, panel_count(head_dim));
}

/// Tokens [first, first + tokens) of the view, for one kv head.
void attend(const AttentionArgs& args, Work& work, int32_t kv_head, int32_t first, int32_t tokens) {
  const int32_t head_dim = args.layer.head_dim;
  const int32_t group = args.heads / args.layer.kv_heads;
  const size_t head_offset = static_cast<size_t>(kv_head) * group * head_dim;
  const int32_t values = group * head_dim;  // of one token
  work.rows = tokens * group;
  for (int32_t token = 0; token < tokens; ++token) {
    const float* q = args.q + static_cast<size_t>(first + token) * args.q_stride + head_offset;
    for (int32_t i = 0; i < values; ++i) work.q[static_cast<size_t>(token) * values + i] = q[i] * args.scale;
  }
  for (size_t i = 0; i < static_cast<size_t>(work.rows) * head_dim; ++i) work.out[i] = 0;
  for (int32_t row = 0; row < work.rows; ++row) {
    work.largest[row] = kNothing;
    work.total[row] = 0;
  }
  const int32_t end = args.start + first + tokens;  // One past the last visible position of the last row.
  const int32_t seen = args.window > 0 ? args.start + first - args.window + 1 : 0;  // The first position that any row sees.
  for (int32_t b = seen > 0 ? seen / kKvBlockTokens : 0; b * kKvBlockTokens < end; ++b) {
    const int32_t left = end - b * kKvBlockTokens;
    attend_block(args, work, b, kv_head, first, left < kKvBlockTokens ? left : kKvBlockTokens);
  }
  for (int32_t row = 0; row < work.rows; ++row) {
    float* out = args.out + static_cast<size_t>(first + row / group) * args.out_stride + head_offset + static_cast<size_t>(row % group) * head_dim;
    const Vec inverse = splat(1.0f / work.total[row]);
    for (int32_t d = 0; d < head_dim; d += kLanes) store(out + d, load(work.out + static_cast<size_t>(row) * head_dim + d) * inverse);
  }
}

}  // namespace

Status kv_write_cpu(const KvWriteArgs& args) {
  const int32_t head_dim = args.layer.head_dim;
  if (head_dim % kPanelColumns != 0) return Status::kUnsupported;
  for (int32_t row = 0; row < args.rows; ++row) {
    const int32_t block = args.blocks[(args.start + row) / kKvBlockTokens], slot = (args.start + row) % kKvBlockTokens;
    for (int32_t head = 0; head < args.layer.kv_heads; ++head) {
      const float* key = args.keys + static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * head_dim;
      const float* value = args.values + static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * head_dim;
      half* keys = args.layer.keys(block, head) + static_cast<size_t>(slot) * head_dim;
      half* values = args.layer.values(block, head) + slot;
      half rounded[kLanes];
      for (int32_t d = 0; d < head_dim; d += kLanes) {
        store_halves(keys + d, load(key + d));
        store_halves(rounded, load(value + d));
        for (int32_t i = 0; i < kLanes; ++i) values[static_cast<size_t>(d + i) * kKvBlockTokens] = rounded[i];
      }
    }
  }
  return Status::kOk;
}

Status attention_cpu(const AttentionArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  const int32_t group = args.heads / args.layer.kv_heads;
  if (args.layer.head_dim % kPanelColumns != 0 || group > kAttentionRows) return Status::kUnsupported;
  Work work = carve_work(args.scratch, args.layer.head_dim);
  const int32_t tokens = kAttentionRows / group;
  for (int32_t kv_head = args.kv_head_begin; kv_head < args.kv_head_end; ++kv_head) {
    for (int32_t first = 0; first < args.rows; first += tokens) {
      attend(args, work, kv_head, first, args.rows - first < tokens ? args.rows - first : tokens);
    }
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
