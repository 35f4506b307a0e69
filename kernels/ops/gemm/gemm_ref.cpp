#include "gemm.h"

namespace slackwater {
namespace {

/// Outputs [column, column + Columns) of one row: Columns independent sums, so that their latencies overlap.
template <int Columns>
void dot(const float* a, const float* weights, int32_t k, double* sums) {
  for (int c = 0; c < Columns; ++c) sums[c] = 0;
  for (int32_t i = 0; i < k; ++i) {
    const double value = a[i];
    for (int c = 0; c < Columns; ++c) sums[c] += value * weights[static_cast<size_t>(c) * k + i];
  }
}

}  // namespace

Status gemm_ref(const GemmRefArgs& args) {
  const bool fits = args.rows >= 0 && args.n > 0 && args.k > 0 && args.out_stride >= args.n && args.a_stride >= args.k &&
                    args.column_begin >= 0 && args.column_begin <= args.column_end && args.column_end <= args.n;
  if (!fits) return Status::kBadShape;
  constexpr int kColumns = 8;
  for (int32_t column = args.column_begin; column < args.column_end; column += kColumns) {
    const float* weights = args.weights + static_cast<size_t>(column) * args.k;
    const int32_t count = args.column_end - column < kColumns ? args.column_end - column : kColumns;
    for (int32_t row = 0; row < args.rows; ++row) {
      const float* a = args.a + static_cast<size_t>(row) * args.a_stride;
      float* out = args.out + static_cast<size_t>(row) * args.out_stride + column;
      double sums[kColumns];
      if (count == kColumns) dot<kColumns>(a, weights, args.k, sums);
      else for (int32_t c = 0; c < count; ++c) dot<1>(a, weights + static_cast<size_t>(c) * args.k, args.k, sums + c);
      for (int32_t c = 0; c < count; ++c) out[c] = static_cast<float>(sums[c] + (args.accumulate ? out[c] : 0.0f));
    }
  }
  return Status::kOk;
}

}  // namespace slackwater
