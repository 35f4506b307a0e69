#pragma once

#include "../../lib/status.h"

namespace slackwater {

/// out[r, c] = x[r, c] / sqrt(mean(x[r, :]^2) + eps) * weight[c]
struct RmsnormArgs {
  float* out;           // [rows, cols], may be x, must not overlap it otherwise
  const float* x;       // [rows, cols]
  const float* weight;  // [cols]
  int32_t rows;         // ≥ 0
  int32_t cols;         // > 0
  float eps;            // ≥ 0
};

/// The definition: one row at a time, the sum in double. The cpu version is reached through `CpuOps`; its sum is
/// kept in fp32 lanes, in an order that depends on `cols` and the instruction set alone.
Status rmsnorm_ref(const RmsnormArgs& args);

}  // namespace slackwater
