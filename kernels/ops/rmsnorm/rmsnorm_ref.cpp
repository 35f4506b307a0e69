#include <cmath>
#include <cstddef>

#include "rmsnorm.h"

namespace slackwater {

Status rmsnorm_ref(const RmsnormArgs& args) {
  if (args.rows < 0 || args.cols <= 0 || !(args.eps >= 0)) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + static_cast<size_t>(row) * args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    double sum = 0.0;
    for (int32_t c = 0; c < args.cols; ++c) sum += static_cast<double>(x[c]) * x[c];
    const double scale = 1.0 / std::sqrt(sum / args.cols + args.eps);
    for (int32_t c = 0; c < args.cols; ++c) out[c] = static_cast<float>(x[c] * scale * args.weight[c]);
  }
  return Status::kOk;
}

}  // namespace slackwater
