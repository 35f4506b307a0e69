#include <cmath>
#include <cstddef>

#include "geglu.h"

namespace slackwater {

Status geglu_ref(const GegluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  const double slope = std::sqrt(2.0 / 3.14159265358979323846);
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    const float* up = gate + args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    for (int32_t c = 0; c < args.cols; ++c) {
      const double g = gate[c];
      out[c] = static_cast<float>(g / 2 * (1 + std::tanh(slope * (g + 0.044715 * g * g * g))) * up[c]);
    }
  }
  return Status::kOk;
}

}  // namespace slackwater
