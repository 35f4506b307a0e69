#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/status.h"
#include "../quantize/quantize.h"

namespace slackwater {

/// How the weights of one linear layer are kept, and so how they are multiplied.
///   kWords   16 bits: w = scale of the output * q, |q| ≤ 32512, the norm of an output's q at most kWeightNorm.
///   kPlanes  the same q = 256 hi + lo as two planes of unsigned bytes, hi + 128 and lo + 128, for 8-bit tiles. Its products
///            hi hi, hi lo + lo hi and lo lo are put together to the very sum of kWords.
///   kBytes   8 bits: w = scale of the output * q, |q| ≤ 127, one plane of q + 128.
///   kFours   4 bits in the file's own groups of 32 inputs: w = scale of the output * (d q + m), q in 0..15, d and m whole
///            numbers of 16 bits, such that d q + m is a number of kWords, and multiplied as one.
///   kEights  8 bits in groups of 32 inputs: w = d q + m, q in 0..255, d and m in binary16.
enum class WeightForm : int32_t { kWords, kPlanes, kBytes, kFours, kEights };

/// Outputs of a panel.
constexpr int32_t kGemmColumns = 16;
/// For more the norms that keep sums in 32 bits would leave rounding no room.
constexpr int32_t kGemmInputsMax = 32768;

constexpr int32_t gemm_panels(int32_t n) { return (n + kGemmColumns - 1) / kGemmColumns; }
constexpr bool is_grouped(WeightForm form) { return form == WeightForm::kFours || form == WeightForm::kEights; }
/// Of the activations that are multiplied with it.
constexpr ActivationForm activations_of(WeightForm form) {
  return form == WeightForm::kBytes ? ActivationForm::kBytes : form == WeightForm::kPlanes ? ActivationForm::kPlanes : ActivationForm::kWords;
}

/// Bytes before the numbers of a panel: the scales of its outputs, fp32 [16]. kEights has none.
constexpr size_t panel_head(WeightForm form) { return form == WeightForm::kEights ? 0 : 64; }
/// Bytes of the quantised numbers of a group of 32 inputs by 16 outputs, and of those with its d [16] and m [16].
constexpr size_t group_numbers(WeightForm form) { return form == WeightForm::kEights ? 512 : 256; }
constexpr size_t group_bytes(WeightForm form) { return group_numbers(form) + 64; }

/// A panel, after its head:
///   kWords           lines of 64 bytes, [16 outputs][2 inputs]; of every four inputs first 0 and 2, then 1 and 3
///   kPlanes, kBytes  for every 64 inputs a tile of 16 lines, [16 outputs][4 inputs], for each plane, hi first: as it lies, the
///                    second operand of the tile multiplication of AMX
///   kFours, kEights  for every 32 inputs lines of [16 outputs][4 inputs], then d, then m; 64 bytes of kFours hold two lines, the
///                    even one in the low halves, so that each 16-bit half has its numbers in the order of kWords. k is a
///                    multiple of 32
constexpr size_t panel_bytes(WeightForm form, int32_t k) {
  if (is_grouped(form)) return panel_head(form) + static_cast<size_t>(k / kGroupInputs) * group_bytes(form);
  return panel_head(form) + static_cast<size_t>(padded_inputs(k)) * kGemmColumns * (form == WeightForm::kBytes ? 1 : 2);
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
/// The bits are the same on every instruction set and however rows and panels are cut: whole numbers are added modulo 2^32,
/// which the sum never leaves, and become fp32 once at the end; kEights adds its groups in ascending order, by fused
/// multiply-adds. kPlanes is for machines with tiles: avx2 and scalar answer kUnsupported.
struct GemmArgs {
  float* out;         // row r at out + r * out_stride; must not overlap a
  int32_t out_stride; // ≥ n
  ActivationRows a;   // of weights.k inputs, in activations_of(form)
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
