#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/half.h"
#include "../../lib/status.h"

namespace slackwater {

/// Columns of a panel: the outputs that are computed together.
constexpr int32_t kPanelColumns = 32;

/// Weights in binary16, prepacked: panel p holds outputs [32 p, 32 p + 32), half [p][i][c] is the weight of output
/// 32 p + c for input i. Outputs beyond n are zero.
///
/// Binary16 and not bf16, though both take two bytes: its three bits more of mantissa decide. With bf16 weights and
/// KV the real model misses its gates (relL2 1.3e-2, KL 2.4e-4 in the worst row), with binary16 it keeps them with
/// a wide margin (model/logits_test.cpp prints by how much).
struct PackedWeights {
  const half* panels;  // [panel_count(n), k, 32], 64-byte aligned
  int32_t n;
  int32_t k;
};

constexpr int32_t panel_count(int32_t n) { return (n + kPanelColumns - 1) / kPanelColumns; }
constexpr size_t panel_size(int32_t k) { return static_cast<size_t>(k) * kPanelColumns; }

/// Rounds up to 32 rows of weights, none above 65504 in magnitude, and writes one whole panel.
/// `panel` [panel_size(k)] out; `rows` [count, k], 0 ≤ count ≤ 32.
void pack_panel(half* panel, const float* rows, int32_t count, int32_t k);

/// out[r, j] = sum_i a[r, i] * w[j, i]   (+ out[r, j] before, when `accumulate`)
/// for the outputs j of panels [panel_begin, panel_end).
///
/// Batch-invariant: each output is one chain of additions over i in ascending order, starting from zero, whatever
/// the number of rows and panels; the old value is added last. Between instruction sets the bits may differ.
struct GemmArgs {
  float* out;            // row r at out + r * out_stride; must not overlap a
  int32_t out_stride;    // ≥ n
  const float* a;        // row r at a + r * a_stride
  int32_t a_stride;      // ≥ k
  PackedWeights weights;
  int32_t rows;          // ≥ 0
  int32_t panel_begin;   // 0 ≤ panel_begin ≤ panel_end ≤ panel_count(n)
  int32_t panel_end;
  bool accumulate;
};

/// kOk when the arguments keep to the comments above.
Status check_gemm(const GemmArgs& args);

/// The same for weights in fp32, summed in double and rounded once: the definition, and the reference backend.
/// The cpu version of GemmArgs is reached through `CpuOps`.
struct GemmRefArgs {
  float* out;
  int32_t out_stride;
  const float* a;
  int32_t a_stride;
  const float* weights;  // [n, k]
  int32_t n;             // > 0
  int32_t k;             // > 0
  int32_t rows;          // ≥ 0
  int32_t column_begin;  // outputs [column_begin, column_end) are computed
  int32_t column_end;
  bool accumulate;
};
Status gemm_ref(const GemmRefArgs& args);

}  // namespace slackwater
