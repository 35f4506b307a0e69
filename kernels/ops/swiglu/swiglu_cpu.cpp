#include "swiglu.h"

#include <cstddef>

#include "../../lib/vec.h"
#include "../quantize/quantize_row.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// e^-|g| never overflows; silu(g) = g * (g < 0 ? e : 1) / (1 + e).
Vec silu(Vec g) {
  const Vec zero = {};
  const Vec e = exp_vec(g < zero ? g : -g);
  return g * (g < zero ? e : splat(1.0f)) / (splat(1.0f) + e);
}

/// `out` may be `gate`.
void swiglu_row(float* out, const float* gate, const float* up, int32_t cols) {
  int32_t c = 0;
  for (; c + kLanes <= cols; c += kLanes) store(out + c, silu(load(gate + c)) * load(up + c));
  if (c == cols) return;
  float rest[kLanes] = {};
  for (int32_t i = c; i < cols; ++i) rest[i - c] = gate[i];
  store(rest, silu(load(rest)));
  for (int32_t i = c; i < cols; ++i) out[i] = rest[i - c] * up[i];
}

}  // namespace

Status swiglu_cpu(const SwigluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    swiglu_row(args.out + static_cast<size_t>(row) * args.cols, gate, gate + args.cols, args.cols);
  }
  return Status::kOk;
}

Status swiglu_quantize_cpu(const SwigluQuantizeArgs& args) {
  const int32_t cols = args.out.k;
  if (args.rows < 0 || cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    float* gate = args.gate_up + static_cast<size_t>(row) * 2 * cols;
    swiglu_row(gate, gate, gate + cols, cols);
    quantize_row(args.out, row, [gate](int32_t c, int32_t count) { return count == kLanes ? load(gate + c) : load_some(gate + c, count); });
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
