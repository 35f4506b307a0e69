#include <cmath>
#include <cstddef>

#include "heads.h"

namespace slackwater {

Status check_heads(const HeadsArgs& args) {
  const bool fits = args.rows >= 0 && args.heads > 0 && args.kv_heads > 0 && args.head_dim > 0 && args.eps >= 0 && (args.q_norm == nullptr) == (args.k_norm == nullptr);
  return fits ? Status::kOk : Status::kBadShape;
}

Status heads_ref(const HeadsArgs& args) {
  const Status status = check_heads(args);
  if (status != Status::kOk) return status;
  const int32_t stride = (args.heads + 2 * args.kv_heads) * args.head_dim;
  for (int32_t row = 0; row < args.rows; ++row) {
    float* x = args.qkv + static_cast<size_t>(row) * stride;
    for (int32_t c = 0; args.bias != nullptr && c < stride; ++c) x[c] += args.bias[c];
    for (int32_t head = 0; args.q_norm != nullptr && head < args.heads + args.kv_heads; ++head) {
      const float* weight = head < args.heads ? args.q_norm : args.k_norm;
      float* values = x + static_cast<size_t>(head) * args.head_dim;
      double sum = 0;
      for (int32_t d = 0; d < args.head_dim; ++d) sum += static_cast<double>(values[d]) * values[d];
      const double scale = 1 / std::sqrt(sum / args.head_dim + args.eps);
      for (int32_t d = 0; d < args.head_dim; ++d) values[d] = static_cast<float>(values[d] * scale * weight[d]);
    }
  }
  return Status::kOk;
}

}  // namespace slackwater
