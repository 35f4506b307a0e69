#include "heads.h"

#include <cstddef>

#include "../../lib/vec.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

void add(float* x, const float* bias, int32_t count) {
  int32_t c = 0;
  for (; c + kLanes <= count; c += kLanes) store(x + c, load(x + c) + load(bias + c));
  for (; c < count; ++c) x[c] += bias[c];
}

/// Sums in the order of rmsnorm_cpu.
void normalise(float* x, const float* weight, int32_t count, float eps) {
  const int32_t whole = count / kLanes * kLanes;
  Vec squares = {};
  for (int32_t c = 0; c < whole; c += kLanes) squares = fmadd(load(x + c), load(x + c), squares);
  float sum = sum_lanes(squares);
  for (int32_t c = whole; c < count; ++c) sum += x[c] * x[c];
  const float scale = 1.0f / __builtin_sqrtf(sum / static_cast<float>(count) + eps);
  for (int32_t c = 0; c < whole; c += kLanes) store(x + c, load(x + c) * splat(scale) * load(weight + c));
  for (int32_t c = whole; c < count; ++c) x[c] = x[c] * scale * weight[c];
}

}  // namespace

Status heads_cpu(const HeadsArgs& args) {
  const Status status = check_heads(args);
  if (status != Status::kOk) return status;
  const int32_t stride = (args.heads + 2 * args.kv_heads) * args.head_dim;
  for (int32_t row = 0; row < args.rows; ++row) {
    float* x = args.qkv + static_cast<size_t>(row) * stride;
    if (args.bias != nullptr) add(x, args.bias, stride);
    for (int32_t head = 0; args.q_norm != nullptr && head < args.heads + args.kv_heads; ++head) {
      normalise(x + static_cast<size_t>(head) * args.head_dim, head < args.heads ? args.q_norm : args.k_norm, args.head_dim, args.eps);
    }
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
