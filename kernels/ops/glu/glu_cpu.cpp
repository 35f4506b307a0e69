#include "glu.h"

#include <cstddef>

#include "../../lib/vec.h"
#include "../quantize/quantize_row.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// g / (1 + e^-u). e^-|u| never overflows.
Vec times_sigmoid(Vec g, Vec u) {
  const Vec zero = {};
  const Vec e = exp_vec(u < zero ? u : -u);
  return g * (u < zero ? e : splat(1.0f)) / (splat(1.0f) + e);
}

Vec silu(Vec g) { return times_sigmoid(g, g); }

/// (1 + tanh(u)) / 2 is the sigmoid of 2 u, so gelu is g times a sigmoid; u is kept in range.
Vec gelu(Vec g) {
  const Vec bound = splat(30.0f);
  const Vec near = g > bound ? bound : g < -bound ? -bound : g;  // Beyond, the sigmoid is 0 or 1 in fp32.
  return times_sigmoid(g, splat(1.5957691216057308f) * near * fmadd(splat(0.044715f) * near, near, splat(1.0f)));
}

/// `out` may be `gate`.
template <Vec (*kActivation)(Vec)>
void glu_row(float* out, const float* gate, const float* up, int32_t cols) {
  int32_t c = 0;
  for (; c + kLanes <= cols; c += kLanes) store(out + c, kActivation(load(gate + c)) * load(up + c));
  if (c == cols) return;
  float rest[kLanes] = {};
  for (int32_t i = c; i < cols; ++i) rest[i - c] = gate[i];
  store(rest, kActivation(load(rest)));
  for (int32_t i = c; i < cols; ++i) out[i] = rest[i - c] * up[i];
}

void glu_row(Activation activation, float* out, const float* gate, const float* up, int32_t cols) {
  if (activation == Activation::kSilu) glu_row<silu>(out, gate, up, cols);
  else glu_row<gelu>(out, gate, up, cols);
}

}  // namespace

Status glu_cpu(const GluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    glu_row(args.activation, args.out + static_cast<size_t>(row) * args.cols, gate, gate + args.cols, args.cols);
  }
  return Status::kOk;
}

Status glu_quantize_cpu(const GluQuantizeArgs& args) {
  const int32_t cols = args.out.k;
  if (args.rows < 0 || cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    float* gate = args.gate_up + static_cast<size_t>(row) * 2 * cols;
    glu_row(args.activation, gate, gate, gate + cols, cols);
    quantize_row(args.out, row, [gate](int32_t c, int32_t count) { return count == kLanes ? load(gate + c) : load_some(gate + c, count); });
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
