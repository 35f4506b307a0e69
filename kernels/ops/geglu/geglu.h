#pragma once

#include "../../lib/status.h"

namespace slackwater {

/// out[r, c] = gelu(gate[r, c]) * up[r, c],  gelu(g) = g / 2 * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 g^3)))
/// where row r of `gate_up` holds gate in its first `cols` values and up in the other `cols`.
/// The tanh form of GELU (Hendrycks and Gimpel, 2016); GLU with it: Shazeer, 2020.
struct GegluArgs {
  float* out;            // [rows, cols], must not overlap gate_up
  const float* gate_up;  // [rows, 2 * cols]
  int32_t rows;          // ≥ 0
  int32_t cols;          // > 0
};

/// The definition, in double. The cpu version is reached through `CpuOps`.
Status geglu_ref(const GegluArgs& args);

}  // namespace slackwater
