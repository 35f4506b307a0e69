#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/status.h"

namespace slackwater {

/// How the numbers q of a row are kept.
///   kWords   16 bits, |q| ≤ 32512, and the sum of q² is at most kActivationNorm², so that no sum of products with 16-bit
///            weights (kWeightNorm) can leave 32 bits. In every four the order is 0 2 1 3, that of the 16-bit halves of packed
///            bytes.
///   kPlanes  the same q as two signed bytes, q = 256 hi + lo, for 8-bit tiles.
///   kBytes   8 bits, |q| ≤ 127. On the real model a hundred times noisier.
enum class ActivationForm : int32_t { kWords, kPlanes, kBytes };

/// Largest Euclidean norm of a row's q, and of the q of one output's 16-bit weights: |sum of products| ≤ their product < 2^31
/// (Cauchy and Schwarz), whatever the number of inputs and the order of the additions.
constexpr float kActivationNorm = 32700, kWeightNorm = 65500;

/// Inputs whose sum is kept beside a row: the group that shares a scale in 4-bit formats.
constexpr int32_t kGroupInputs = 32;

/// Inputs are padded with zeros to whole tiles of 64.
constexpr int32_t padded_inputs(int32_t k) { return (k + 63) / 64 * 64; }

/// What a row begins with. x ≈ scale * q; the scale is of the row alone: the largest magnitude becomes 32512 (or 127), or
/// less in a row without outliers, for the norm's sake. A row whose largest is below 1e-30 is zero. A row that holds NaN or
/// infinity has the scale NaN and q zero, so that all that is made from it is NaN.
struct ActivationHead {
  float scale;
  int32_t sum_hi, sum_lo;  // of the row's bytes; kWords: 0
};

/// One row: the head in 64 bytes; then
///   kWords   q, i16 [padded k]; the sum of q of every group, i32 [padded k / 32]
///   kPlanes  hi, i8 [padded k]; lo, i8 [padded k]
///   kBytes   q, i8 [padded k]
constexpr size_t activation_numbers_at() { return 64; }
constexpr size_t activation_lo_at(int32_t k) { return 64 + static_cast<size_t>(padded_inputs(k)); }
constexpr size_t activation_groups_at(int32_t k) { return 64 + 2 * static_cast<size_t>(padded_inputs(k)); }
/// Where value i of kWords stands.
constexpr int32_t word_place(int32_t i) { return (i & ~3) | (i & 1) << 1 | (i & 2) >> 1; }

/// Bytes from row to row: whole cache lines, and an odd number of them, so that rows do not meet in the same sets.
constexpr size_t activation_stride(int32_t k) {
  const size_t lines = (activation_groups_at(k) + static_cast<size_t>(padded_inputs(k)) / kGroupInputs * sizeof(int32_t) + 63) / 64;
  return (lines | 1) * 64;
}

/// Rows of k values each, made by the ops below.
struct ActivationRows {
  std::byte* data;  // [rows, activation_stride(k)], 64-byte aligned for speed
  int32_t k;        // > 0
  ActivationForm form;

  std::byte* row(int32_t index) const { return data + static_cast<size_t>(index) * activation_stride(k); }
};

/// q = x / scale, rounded to nearest, ties to even. The same bits on every instruction set.
struct QuantizeArgs {
  ActivationRows out;  // must not overlap x
  const float* x;      // row r at x + r * x_stride
  int32_t x_stride;    // ≥ out.k
  int32_t rows;        // ≥ 0
};

/// The definition. The cpu version is reached through `CpuOps`.
Status quantize_ref(const QuantizeArgs& args);

}  // namespace slackwater
