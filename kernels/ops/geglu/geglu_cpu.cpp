#include "geglu.h"

#include <cstddef>

#include "../../lib/vec.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// (1 + tanh(u)) / 2 is the sigmoid of 2 u, so gelu is g times a sigmoid; e^-|2 u| never overflows, u itself is kept in range.
Vec gelu(Vec g) {
  const Vec zero = {}, bound = splat(30.0f);
  const Vec near = g > bound ? bound : g < -bound ? -bound : g;  // Beyond, the sigmoid is 0 or 1 in fp32.
  const Vec u = splat(1.5957691216057308f) * near * fmadd(splat(0.044715f) * near, near, splat(1.0f));
  const Vec e = exp_vec(u < zero ? u : -u);
  return g * (u < zero ? e : splat(1.0f)) / (splat(1.0f) + e);
}

}  // namespace

Status geglu_cpu(const GegluArgs& args) {
  if (args.rows < 0 || args.cols <= 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* gate = args.gate_up + static_cast<size_t>(row) * 2 * args.cols;
    const float* up = gate + args.cols;
    float* out = args.out + static_cast<size_t>(row) * args.cols;
    int32_t c = 0;
    for (; c + kLanes <= args.cols; c += kLanes) store(out + c, gelu(load(gate + c)) * load(up + c));
    if (c == args.cols) continue;
    float rest[kLanes] = {};
    for (int32_t i = c; i < args.cols; ++i) rest[i - c] = gate[i];
    store(rest, gelu(load(rest)));
    for (int32_t i = c; i < args.cols; ++i) out[i] = rest[i - c] * up[i];
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
