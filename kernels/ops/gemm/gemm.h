#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/status.h"
#include "../quantize/quantize.h"

namespace slackwater {

/// How the weights of one linear layer are kept, and so how they are multiplied.
///   kWords  16 bits: w = scale of the output * q, q = 256 hi + lo, |q| ≤ 32512, as two planes of unsigned bytes, hi + 128
///           and lo + 128. Multiplied as hi hi, hi lo + lo hi and lo lo, whose sums are whole numbers, put together in fp32.
///   kBytes  8 bits: w = scale of the output * q, |q| ≤ 127, one plane of q + 128.
///   kFours  4 bits in the file's own groups of 32 inputs: w = d q + m, q in 0..15, d and m in binary16.
///   kFoursWide  the same with d and m in fp32.
///   kEights 8 bits in groups of 32 inputs: w = d q + m, q in 0..255, d and m in binary16.
enum class WeightForm : int32_t { kWords, kBytes, kFours, kFoursWide, kEights };

/// Outputs of a panel: a 64-byte line holds 4 inputs of each, [16 outputs][4 inputs].
constexpr int32_t kGemmColumns = 16;
/// So that the largest sum of kWords, hi lo + lo hi, fits 32 bits: 32768 * 2 * 255 * 128 < 2^31.
constexpr int32_t kGemmInputsMax = 32768;

constexpr int32_t gemm_panels(int32_t n) { return (n + kGemmColumns - 1) / kGemmColumns; }
constexpr bool is_grouped(WeightForm form) { return form >= WeightForm::kFours; }
/// Of the activations that are multiplied with it.
constexpr ActivationTerms terms_of(WeightForm form) { return form == WeightForm::kBytes ? ActivationTerms::kOne : ActivationTerms::kTwo; }

/// Bytes of the quantised numbers of a group of 32 inputs by 16 outputs, and of those with its d and m.
constexpr size_t group_numbers(WeightForm form) { return form == WeightForm::kEights ? 512 : 256; }
constexpr size_t group_bytes(WeightForm form) { return group_numbers(form) + (form == WeightForm::kFoursWide ? 128 : 64); }

/// A panel of kWords or kBytes: the 16 scales, fp32; then for every 64 inputs a tile of 16 lines for each plane, hi first.
/// Such a tile is, as it lies, the second operand of the tile multiplication of AMX.
/// A grouped panel: for every 32 inputs the lines, then d [16], then m [16]. Line i holds inputs 4 i .. 4 i + 3; in the
/// 4-bit forms 64 bytes hold two lines, the even one in the low halves. k is a multiple of 32.
constexpr size_t panel_bytes(WeightForm form, int32_t k) {
  if (is_grouped(form)) return static_cast<size_t>(k / kGroupInputs) * group_bytes(form);
  return 64 + static_cast<size_t>(padded_inputs(k)) * kGemmColumns * (form == WeightForm::kWords ? 2 : 1);
}

struct PackedWeights {
  const std::byte* panels;  // [gemm_panels(n), panel_bytes(form, k)], 64-byte aligned for speed
  WeightForm form;
  int32_t n;  // > 0
  int32_t k;  // in (0, kGemmInputsMax]
};

/// out[r, j] = sum_i a[r, i] * w[j, i]   (+ out[r, j] before, when `accumulate`)
/// for the outputs j of panels [panel_begin, panel_end).
///
/// The bits are the same on every instruction set and however rows and panels are cut: kWords and kBytes add integers and
/// round in one fixed way at the end, the grouped forms add their groups in ascending order, by fused multiply-adds.
struct GemmArgs {
  float* out;         // row r at out + r * out_stride; must not overlap a
  int32_t out_stride; // ≥ n
  ActivationRows a;   // of weights.k inputs, terms_of(form) terms
  PackedWeights weights;
  int32_t rows;         // ≥ 0
  int32_t panel_begin;  // 0 ≤ panel_begin ≤ panel_end ≤ gemm_panels(n)
  int32_t panel_end;
  bool accumulate;
};

/// kOk when the arguments keep to the comments above.
Status check_gemm(const GemmArgs& args);

/// The definition of GemmArgs, one output at a time. The cpu versions, reached through `CpuOps`, give the same bits.
Status gemm_packed_ref(const GemmArgs& args);

/// GemmArgs for weights and activations in fp32, summed in double and rounded once: the reference backend.
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
