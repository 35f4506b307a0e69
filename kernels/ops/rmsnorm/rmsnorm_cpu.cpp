#include "rmsnorm.h"

#include <cstddef>

#include "../../lib/vec.h"
#include "../quantize/quantize_row.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// 1 / root mean square of a row.
float inverse_rms(const float* x, int32_t cols, float eps) {
  const int32_t whole = cols / kLanes * kLanes;
  Vec squares = {};
  for (int32_t c = 0; c < whole; c += kLanes) squares = fmadd(load(x + c), load(x + c), squares);
  float sum = sum_lanes(squares);
  for (int32_t c = whole; c < cols; ++c) sum += x[c] * x[c];
  return 1.0f / __builtin_sqrtf(sum / static_cast<float>(cols) + eps);
}

}  // namespace

Status rmsnorm_cpu(const RmsnormArgs& args) {
  if (args.rows < 0 || args.cols <= 0 || !(args.eps >= 0)) return Status::kBadShape;
  const int32_t whole = args.cols / kLanes * kLanes;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + static_cast<size_t>(row) * args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    const float scale = inverse_rms(x, args.cols, args.eps);
    for (int32_t c = 0; c < whole; c += kLanes) store(out + c, load(x + c) * splat(scale) * load(args.weight + c));
    for (int32_t c = whole; c < args.cols; ++c) out[c] = x[c] * scale * args.weight[c];
  }
  return Status::kOk;
}

Status rmsnorm_quantize_cpu(const RmsnormQuantizeArgs& args) {
  const int32_t cols = args.out.k;
  if (args.rows < 0 || cols <= 0 || !(args.eps >= 0)) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + static_cast<size_t>(row) * cols;
    const float* weight = args.weight;
    const float scale = inverse_rms(x, cols, args.eps);
    quantize_row(args.out, row, [=](int32_t c, int32_t count) {
      if (count == kLanes) return load(x + c) * splat(scale) * load(weight + c);
      return load_some(x + c, count) * splat(scale) * load_some(weight + c, count);
    });
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
