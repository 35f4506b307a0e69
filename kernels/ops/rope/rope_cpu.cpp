#include "rope.h"

#include <cstddef>

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

void rotate_pairs(float* x, const float* angles, int32_t pairs) {
#pragma GCC ivdep
  for (int32_t i = 0; i < pairs; ++i) {
    const float even = x[2 * i], odd = x[2 * i + 1], cosine = angles[2 * i], sine = angles[2 * i + 1];
    x[2 * i] = even * cosine - odd * sine;
    x[2 * i + 1] = even * sine + odd * cosine;
  }
}

void rotate_halves(float* x, const float* angles, int32_t pairs) {
  float* second = x + pairs;
#pragma GCC ivdep
  for (int32_t i = 0; i < pairs; ++i) {
    const float a = x[i], b = second[i], cosine = angles[2 * i], sine = angles[2 * i + 1];
    x[i] = a * cosine - b * sine;
    second[i] = a * sine + b * cosine;
  }
}

}  // namespace

Status rope_cpu(const RopeArgs& args) {
  const Status status = check_rope(args);
  if (status != Status::kOk) return status;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* angles = args.table + static_cast<size_t>(args.positions[row]) * args.pairs * 2;
    for (int32_t head = 0; head < args.heads; ++head) {
      float* x = args.x + static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * args.head_dim;
      if (args.layout == RopeLayout::kPairs) rotate_pairs(x, angles, args.pairs);
      else rotate_halves(x, angles, args.pairs);
    }
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
