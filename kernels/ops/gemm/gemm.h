#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/status.h"

namespace slackwater {

/// Columns of a panel: the outputs that are computed together.
constexpr int32_t kPanelColumns = 32;

/// Weights in bf16, prepacked: panel p holds outputs [32 p, 32 p + 32), word [p][i][c] holds the weights of output
/// 32 p + c for inputs 2i (low half) and 2i + 1 (high half). One load and one shift or mask make a vector of fp32.
/// Outputs and inputs beyond n and k are zero.
struct PackedWeights {
  const uint32_t* words;  // [panels(n), (k + 1) / 2, 32], 64-byte aligned
  int32_t n;
  int32_t k;
};

constexpr int32_t panel_count(int32_t n) { return (n + kPanelColumns - 1) / kPanelColumns; }
constexpr size_t panel_words(int32_t k) { return static_cast<size_t>((k + 1) / 2) * kPanelColumns; }

/// Rounds up to 32 rows of weights to bf16 and writes one whole panel.
/// `words` [panel_words(k)] out; `rows` [count, k], 0 ≤ count ≤ 32.
void pack_panel(uint32_t* words, const float* rows, int32_t count, int32_t k);

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
