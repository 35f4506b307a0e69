#include <cmath>
#include <cstddef>

#include "glu.h"

namespace slackwater {
namespace {

double activate(Activation activation, double g) {
  if (activation == Activation::kSilu) return g / (1 + std::exp(-g));
  return g / 2 * (1 + std::tanh(std::sqrt(2.0 / 3.14159265358979323846) * (g + 0.044715 * g * g * g)));
}

}  // namespace

Status glu_ref(const GluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    const float* up = gate + args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    for (int32_t c = 0; c < args.cols; ++c) out[c] = static_cast<float>(activate(args.activation, gate[c]) * up[c]);
  }
  return Status::kOk;
}

}  // namespace slackwater
