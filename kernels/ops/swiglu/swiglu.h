#pragma once

#include "../../lib/status.h"
#include "../quantize/quantize.h"

namespace slackwater {

/// out[r, c] = silu(gate[r, c]) * up[r, c],  silu(g) = g / (1 + e^-g)
/// where row r of `gate_up` holds gate in its first `cols` values and up in the other `cols`.
struct SwigluArgs {
  float* out;            // [rows, cols], must not overlap gate_up
  const float* gate_up;  // [rows, 2 * cols]
  int32_t rows;          // ≥ 0
  int32_t cols;          // > 0
};

/// The definition, in double. The cpu version is reached through `CpuOps`.
Status swiglu_ref(const SwigluArgs& args);

/// The same, quantised: what `quantize` makes of swiglu's output, bit for bit. Only through `CpuOps`.
struct SwigluQuantizeArgs {
  ActivationRows out;  // out.k columns, > 0
  float* gate_up;      // [rows, 2 * out.k]; the output in fp32 takes the place of gate
  int32_t rows;        // ≥ 0
};

}  // namespace slackwater
