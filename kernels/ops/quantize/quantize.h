#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/status.h"

namespace slackwater {

/// In how many signed bytes a value is kept. Two: q = 256 hi + lo, |q| ≤ 32512, which on the real model is a hundred
/// times quieter than one, |q| ≤ 127.
enum class ActivationTerms : int32_t { kOne = 1, kTwo = 2 };

/// Inputs whose sum is kept beside a row: the group that shares a scale in 4-bit formats.
constexpr int32_t kGroupInputs = 32;

/// Inputs are padded with zeros to whole tiles of 64.
constexpr int32_t padded_inputs(int32_t k) { return (k + 63) / 64 * 64; }

/// What a row begins with. x ≈ scale * q; the scale is of the row alone: largest magnitude / 32512 (or 127). A row whose
/// largest is below 1e-30 is zero. A row that holds NaN or infinity has the scale NaN and q zero, so that all that is
/// made from it is NaN.
struct ActivationHead {
  float scale;
  int32_t sum_hi, sum_lo;  // of the row's bytes
};

/// One row: the head in 64 bytes; hi, i8 [padded k]; lo, i8 [padded k]; the sum of q of every group as a float, in which
/// it is exact, [padded k / 32]. With one term hi is q, lo and the groups are not written.
constexpr size_t activation_hi_at() { return 64; }
constexpr size_t activation_lo_at(int32_t k) { return 64 + static_cast<size_t>(padded_inputs(k)); }
constexpr size_t activation_groups_at(int32_t k) { return 64 + 2 * static_cast<size_t>(padded_inputs(k)); }

/// Bytes from row to row: whole cache lines, and an odd number of them, so that rows do not meet in the same sets.
constexpr size_t activation_stride(int32_t k) {
  const size_t lines = (activation_groups_at(k) + static_cast<size_t>(padded_inputs(k)) / kGroupInputs * sizeof(float) + 63) / 64;
  return (lines | 1) * 64;
}

/// Rows of k values each, made by the ops below.
struct ActivationRows {
  std::byte* data;  // [rows, activation_stride(k)], 64-byte aligned for speed
  int32_t k;        // > 0
  ActivationTerms terms;

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
