#include "attention.h"

#include <cmath>
#include <vector>

namespace slackwater {
namespace {

/// One head of one row: q · K over all visible keys, softmax, then the weighted sum of V.
void attend(const AttentionRefArgs& args, int32_t row, int32_t head, std::vector<double>& weights) {
  const int32_t head_dim = args.layer.head_dim;
  const int32_t kv_head = head / (args.heads / args.layer.kv_heads);
  const int32_t end = args.start + row + 1;
  const int32_t begin = args.window > 0 && args.window < end ? end - args.window : 0;
  const float* q = args.q + static_cast<size_t>(row) * args.q_stride + static_cast<size_t>(head) * head_dim;
  float* out = args.out + static_cast<size_t>(row) * args.out_stride + static_cast<size_t>(head) * head_dim;
  weights.assign(static_cast<size_t>(end), 0);
  double largest = -INFINITY, total = 0;
  for (int32_t t = begin; t < end; ++t) {
    const float* keys = args.layer.keys(args.blocks[t / kKvBlockTokens], kv_head) + t % kKvBlockTokens;
    double dot = 0;
    for (int32_t d = 0; d < head_dim; ++d) dot += static_cast<double>(q[d]) * keys[static_cast<size_t>(d) * kKvBlockTokens];
    weights[t] = dot * args.scale;
    largest = std::fmax(largest, weights[t]);
  }
  for (int32_t t = begin; t < end; ++t) total += weights[t] = std::exp(weights[t] - largest);
  for (int32_t d = 0; d < head_dim; ++d) {
    double sum = 0;
    for (int32_t t = begin; t < end; ++t) {
      const float* values = args.layer.values(args.blocks[t / kKvBlockTokens], kv_head);
      sum += weights[t] * values[static_cast<size_t>(t % kKvBlockTokens) * head_dim + d];
    }
    out[d] = static_cast<float>(sum / total);
  }
}

bool is_shape(int32_t heads, int32_t kv_heads, int32_t head_dim, int32_t q_stride, int32_t out_stride, float scale, int32_t window) {
  return kv_heads > 0 && head_dim > 0 && heads > 0 && heads % kv_heads == 0 && out_stride / heads >= head_dim &&
         q_stride / heads >= head_dim && scale > 0 && window >= 0;
}

}  // namespace

size_t attention_scratch_bytes(int32_t head_dim) {
  const size_t dim = static_cast<size_t>(head_dim), rows = kAttentionRows;
  const size_t state = 2 * rows * (dim + 16 + 1);  // sums, totals by lane, bases; of a segment and of all
  const size_t plane = (dim + 63) / 64 * 64, planes = 2 * (rows + 16 + 2 * kKvBlockTokens) * plane;  // of q, a block's keys and its values, for tiles
  return (rows * dim / 2 + 2 * rows + state) * 4 + planes + 12 * 64;                                  // q, its scales and positions
}

Status check_attention(const AttentionArgs& args) {
  const bool fits = args.layer.kv_heads > 0 && args.count >= 0 && args.kv_head >= 0 && args.kv_head < args.layer.kv_heads &&
                    args.segment_begin >= 0 && args.segment_begin <= args.segment_end &&
                    is_shape(args.heads, args.layer.kv_heads, args.layer.head_dim, args.q_stride, args.out_stride, args.scale, args.window);
  if (!fits) return Status::kBadShape;
  int64_t rows = 0;
  for (int32_t i = 0; i < args.count; ++i) {
    const AttentionRows& part = args.parts[i];
    if (part.start < 0 || part.rows <= 0 || part.first < 0) return Status::kBadShape;
    if (part.partials != nullptr && (args.segment_begin < part.segment || args.segment_end > part.segment + part.segments)) return Status::kBadShape;
    rows += part.rows;
  }
  const int32_t group = args.heads / args.layer.kv_heads;
  if (args.layer.head_dim % kHeadDimStep != 0 || args.layer.head_dim > kHeadDimMax || group > kAttentionRows) return Status::kUnsupported;
  return rows <= attention_tokens(group) ? Status::kOk : Status::kBadShape;
}

Status kv_write_ref(const KvWriteRefArgs& args) {
  const int32_t head_dim = args.layer.head_dim;
  for (int32_t row = 0; row < args.rows; ++row) {
    const int32_t block = args.blocks[(args.start + row) / kKvBlockTokens], slot = (args.start + row) % kKvBlockTokens;
    for (int32_t head = 0; head < args.layer.kv_heads; ++head) {
      const size_t from = static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * head_dim;
      for (int32_t d = 0; d < head_dim; ++d) {
        args.layer.keys(block, head)[static_cast<size_t>(d) * kKvBlockTokens + slot] = args.keys[from + d];
        const float value = args.values[from + d];
        args.layer.values(block, head)[static_cast<size_t>(slot) * head_dim + d] = std::isnan(value) ? 0 : value;
      }
    }
  }
  return Status::kOk;
}

Status attention_ref(const AttentionRefArgs& args) {
  const bool fits = args.rows >= 0 && args.start >= 0 && args.kv_head_begin >= 0 && args.kv_head_begin <= args.kv_head_end &&
                    args.kv_head_end <= args.layer.kv_heads &&
                    is_shape(args.heads, args.layer.kv_heads, args.layer.head_dim, args.q_stride, args.out_stride, args.scale, args.window);
  if (!fits) return Status::kBadShape;
  const int32_t group = args.heads / args.layer.kv_heads;
  std::vector<double> weights;
  for (int32_t row = 0; row < args.rows; ++row) {
    for (int32_t head = args.kv_head_begin * group; head < args.kv_head_end * group; ++head) attend(args, row, head, weights);
  }
  return Status::kOk;
}

}  // namespace slackwater
