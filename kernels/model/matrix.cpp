#include "matrix.h"

#include <algorithm>

#include "../lib/refusal.h"

namespace slackwater {
namespace {

/// A block of activations that stays in a core's second-level cache (2 MiB) while the panels pass over it.
constexpr size_t kActivationBytes = 1 << 20;
constexpr int32_t kUnitRows = 16;

/// Panels of a unit of work. For few rows the op computes four (kWords) or three at once, else two; a unit should take some
/// microseconds (at 10 bytes a nanosecond of a core's memory, or 300 multiplications and additions), and there should be several
/// for each thread.
int32_t unit_panels(const Matrix& matrix, int32_t rows, int threads) {
  const double panel_ns = std::max(static_cast<double>(panel_bytes(matrix.form(), matrix.k())) / 10, 2.0 * kGemmColumns * matrix.k() * rows / 300);
  const bool is_words = matrix.form() == WeightForm::kWords;
  int32_t panels = is_words && rows <= 3 ? 4 : rows == 1 ? 3 : 2;
  while (panels * panel_ns < 8000 && gemm_panels(matrix.n()) / (2 * panels) >= 4 * threads) panels *= 2;
  return panels;
}

}  // namespace

void Activations::reserve(size_t rows, int32_t k, ActivationForm form) {
  data_.reserve(rows * activation_stride(k));
  rows_ = {data_.data(), k, form};
}

Status Activations::take(const CpuOps& ops, const float* x, int32_t stride, int32_t first, int32_t count) {
  return ops.quantize({from(first), x + static_cast<size_t>(first) * static_cast<size_t>(stride), stride, count});
}

Status Activations::take_rmsnorm(const CpuOps& ops, const float* x, const float* weight, float eps, int32_t first, int32_t count) {
  return ops.rmsnorm_quantize({from(first), x + static_cast<size_t>(first) * static_cast<size_t>(k()), weight, count, eps});
}

Status Activations::take_glu(const CpuOps& ops, Activation activation, float* gate_up, int32_t first, int32_t count) {
  return ops.glu_quantize({from(first), gate_up + static_cast<size_t>(first) * 2 * static_cast<size_t>(k()), count, activation});
}

Status Matrix::multiply(ThreadPool& pool, const CpuOps& ops, const ActivationRows& a, int32_t rows, float* out, int32_t out_stride, bool accumulate) const {
  if (rows == 0) return Status::kOk;
  const int32_t rows_max = std::max(kUnitRows, static_cast<int32_t>(kActivationBytes / activation_stride(k())));
  const int32_t row_blocks = (rows + rows_max - 1) / rows_max, block_rows = (rows + row_blocks - 1) / row_blocks;
  const int32_t panels = gemm_panels(n()), step = unit_panels(*this, std::min(rows, block_rows), pool.threads()), panel_units = (panels + step - 1) / step;
  Refusal refusal;
  pool.run(row_blocks * panel_units, [&](int unit, int) {
    const int32_t row = unit / panel_units * block_rows, panel = unit % panel_units * step;
    refusal.note(ops.gemm({out + static_cast<size_t>(row) * static_cast<size_t>(out_stride), out_stride, {a.row(row), a.k, a.form}, weights_, std::min(block_rows, rows - row), panel,
                           std::min(panels, panel + step), accumulate}));
  });
  return refusal.status();
}

const Matrix* MatrixStore::add(std::vector<TensorReader::Part> parts, int32_t k) {
  Matrix& matrix = matrices_.emplace_back();
  for (const auto& part : parts) matrix.weights_.n += part.rows;
  matrix.weights_.k = k;
  sources_.push_back({std::move(parts), {}});
  return &matrix;
}

}  // namespace slackwater
