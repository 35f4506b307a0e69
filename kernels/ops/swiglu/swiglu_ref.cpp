#include <cmath>
#include <cstddef>

#include "swiglu.h"

namespace slackwater {

Status swiglu_ref(const SwigluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    const float* up = gate + args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    for (int32_t c = 0; c < args.cols; ++c) {
      const double g = gate[c];
      out[c] = static_cast<float>(g / (1.0 + std::exp(-g)) * up[c]);
    }
  }
  return Status::kOk;
}

}  // namespace slackwater
