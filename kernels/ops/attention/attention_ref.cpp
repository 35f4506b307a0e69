#include "attention.h"

#include <cmath>
#include <vector>

#include "../gemm/gemm.h"

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
    const float* key = args.layer.keys(args.blocks[t / kKvBlockTokens], kv_head) + static_cast<size_t>(t % kKvBlockTokens) * head_dim;
    double dot = 0;
    for (int32_t d = 0; d < head_dim; ++d) dot += static_cast<double>(q[d]) * key[d];
    weights[t] = dot * args.scale;
    largest = std::fmax(largest, weights[t]);
  }
  for (int32_t t = begin; t < end; ++t) total += weights[t] = std::exp(weights[t] - largest);
  for (int32_t d = 0; d < head_dim; ++d) {
    double sum = 0;
    for (int32_t t = begin; t < end; ++t) {
      const float* values = args.layer.values(args.blocks[t / kKvBlockTokens], kv_head) + static_cast<size_t>(d) * kKvBlockTokens;
      sum += weights[t] * values[t % kKvBlockTokens];
    }
    out[d] = static_cast<float>(sum / total);
  }
}

}  // namespace

size_t attention_scratch_bytes(int32_t head_dim) {
  const size_t key_panels = 2 * panel_size(head_dim);                                        // 64 tokens, k = head_dim
  const size_t value_panels = static_cast<size_t>(panel_count(head_dim)) * panel_size(kKvBlockTokens);
  const size_t rows = static_cast<size_t>(kAttentionRows) * (2 * head_dim + kKvBlockTokens + 2);  // q, out, scores, m, l
  return (key_panels + value_panels + rows) * 4 + 4 * 64;
}

template <class T>
Status check_attention(const Attention<T>& args) {
  const int32_t kv_heads = args.layer.kv_heads;
  const bool fits = args.rows >= 0 && args.start >= 0 && kv_heads > 0 && args.layer.head_dim > 0 && args.heads > 0 &&
                    args.heads % kv_heads == 0 && args.out_stride / args.heads >= args.layer.head_dim &&
                    args.q_stride / args.heads >= args.layer.head_dim && args.kv_head_begin >= 0 &&
                    args.kv_head_begin <= args.kv_head_end && args.kv_head_end <= kv_heads && args.scale > 0 && args.window >= 0;
  return fits ? Status::kOk : Status::kBadShape;
}
template Status check_attention(const Attention<float>& args);
template Status check_attention(const Attention<half>& args);

Status kv_write_ref(const KvWriteRefArgs& args) {
  const int32_t head_dim = args.layer.head_dim;
  for (int32_t row = 0; row < args.rows; ++row) {
    const int32_t block = args.blocks[(args.start + row) / kKvBlockTokens], slot = (args.start + row) % kKvBlockTokens;
    for (int32_t head = 0; head < args.layer.kv_heads; ++head) {
      const size_t from = static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * head_dim;
      for (int32_t d = 0; d < head_dim; ++d) {
        args.layer.keys(block, head)[static_cast<size_t>(slot) * head_dim + d] = args.keys[from + d];
        args.layer.values(block, head)[static_cast<size_t>(d) * kKvBlockTokens + slot] = args.values[from + d];
      }
    }
  }
  return Status::kOk;
}

Status attention_ref(const AttentionRefArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  const int32_t group = args.heads / args.layer.kv_heads;
  std::vector<double> weights;
  for (int32_t row = 0; row < args.rows; ++row) {
    for (int32_t head = args.kv_head_begin * group; head < args.kv_head_end * group; ++head) attend(args, row, head, weights);
  }
  return Status::kOk;
}

}  // namespace slackwater
