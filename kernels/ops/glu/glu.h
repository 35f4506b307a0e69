#pragma once

#include "../../lib/status.h"
#include "../quantize/quantize.h"

namespace slackwater {

/// kSilu      g / (1 + e^-g)
/// kGeluTanh  g / 2 * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 g^3))), the tanh form (Hendrycks and Gimpel, 2016)
enum class Activation : int32_t { kSilu, kGeluTanh };

/// A gated linear unit (Shazeer, 2020): out[r, c] = activation(gate[r, c]) * up[r, c]
/// where row r of `gate_up` holds gate in its first `cols` values and up in the other `cols`.
struct GluArgs {
  float* out;            // [rows, cols], must not overlap gate_up
  const float* gate_up;  // [rows, 2 * cols]
  int32_t rows;          // ≥ 0
  int32_t cols;          // > 0
  Activation activation;
};

/// The definition, in double. The cpu version is reached through `CpuOps`.
Status glu_ref(const GluArgs& args);

/// The same, quantised: what `quantize` makes of glu's output, bit for bit. Only through `CpuOps`.
struct GluQuantizeArgs {
  ActivationRows out;  // out.k columns, > 0
  float* gate_up;      // [rows, 2 * out.k]; the output in fp32 takes the place of gate
  int32_t rows;        // ≥ 0
  Activation activation;
};

}  // namespace slackwater
