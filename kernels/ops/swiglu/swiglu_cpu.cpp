#include "swiglu.h"

#include <cstddef>

#include "../../lib/vec.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// e^-|g| never overflows; silu(g) = g * (g < 0 ? e : 1) / (1 + e).
Vec silu(Vec g) {
  const Vec zero = {};
  const Vec e = exp_vec(g < zero ? g : -g);
  return g * (g < zero ? e : splat(1.0f)) / (splat(1.0f) + e);
}

}  // namespace

Status swiglu_cpu(const SwigluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    const float* up = gate + args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    int32_t c = 0;
    for (; c + kLanes <= args.cols; c += kLanes) store(out + c, silu(load(gate + c)) * load(up + c));
    if (c == args.cols) continue;
    float rest[kLanes] = {};
    for (int32_t i = c; i < args.cols; ++i) rest[i - c] = gate[i];
    store(rest, silu(load(rest)));
    for (int32_t i = c; i < args.cols; ++i) out[i] = rest[i - c] * up[i];
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
