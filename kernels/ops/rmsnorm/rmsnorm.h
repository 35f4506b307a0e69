#pragma once

#include "../../lib/status.h"
#include "../quantize/quantize.h"

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

/// The same, quantised: what `quantize` makes of rmsnorm's output, bit for bit. Only through `CpuOps`.
struct RmsnormQuantizeArgs {
  ActivationRows out;   // out.k columns, > 0
  const float* x;       // [rows, out.k]
  const float* weight;  // [out.k]
  int32_t rows;         // ≥ 0
  float eps;            // ≥ 0
};

}  // namespace slackwater
