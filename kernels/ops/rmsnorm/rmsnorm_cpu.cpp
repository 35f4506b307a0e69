#include "rmsnorm.h"

#include <cstddef>

#include "../../lib/vec.h"

namespace slackwater {
namespace SLACKWATER_ISA {

Status rmsnorm_cpu(const RmsnormArgs& args) {
  if (args.rows < 0 || args.cols <= 0 || !(args.eps >= 0)) return Status::kBadShape;
  const int32_t whole = args.cols / kLanes * kLanes;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + static_cast<size_t>(row) * args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    Vec squares = {};
    for (int32_t c = 0; c < whole; c += kLanes) squares = fmadd(load(x + c), load(x + c), squares);
    float sum = sum_lanes(squares);
    for (int32_t c = whole; c < args.cols; ++c) sum += x[c] * x[c];
    const float scale = 1.0f / __builtin_sqrtf(sum / static_cast<float>(args.cols) + args.eps);
    for (int32_t c = 0; c < whole; c += kLanes) store(out + c, load(x + c) * splat(scale) * load(args.weight + c));
    for (int32_t c = whole; c < args.cols; ++c) out[c] = x[c] * scale * args.weight[c];
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
