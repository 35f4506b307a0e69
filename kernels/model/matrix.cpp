#include "matrix.h"

#include <algorithm>
#include <atomic>

namespace slackwater {
namespace {

/// A block of activations that stays in a core's second-level cache (2 MiB) while the panels pass over it.
constexpr int32_t kActivationBytes = 1 << 20;
constexpr int32_t kUnitRows = 16;
/// Up to this many rows, a unit of gemm takes several panels, see multiply_rows in ops/gemm/panel.h.
constexpr int32_t kFewRows = 4;
constexpr int32_t kFewRowsPanels = 3;

}  // namespace

void Activations::reserve(size_t rows, int32_t k) {
  k_ = k;
  values_.reserve(rows * static_cast<size_t>(k));
}

Status Activations::take(const CpuOps&, const float* x, int32_t stride, int32_t first, int32_t count) {
  for (int32_t r = first; r < first + count; ++r) std::copy_n(x + static_cast<size_t>(r) * static_cast<size_t>(stride), k_, row(r));
  return Status::kOk;
}

Status Activations::take_rmsnorm(const CpuOps& ops, const float* x, const float* weight, float eps, int32_t first, int32_t count) {
  return ops.rmsnorm({row(first), x + static_cast<size_t>(first) * static_cast<size_t>(k_), weight, count, k_, eps});
}

Status Activations::take_swiglu(const CpuOps& ops, const float* gate_up, int32_t first, int32_t count) {
  return ops.swiglu({row(first), gate_up + static_cast<size_t>(first) * 2 * static_cast<size_t>(k_), count, k_});
}

size_t Matrix::bytes() const { return static_cast<size_t>(panel_count(n_)) * panel_size(k_) * sizeof(half); }

Status Matrix::multiply(ThreadPool& pool, const CpuOps& ops, const Activations& a, int32_t rows, float* out, int32_t out_stride, bool accumulate) const {
  if (a.k() != k_) return Status::kBadShape;
  if (rows == 0) return Status::kOk;
  const int32_t rows_max = std::max(kUnitRows, kActivationBytes / (k_ * static_cast<int32_t>(sizeof(float))));
  const int32_t row_blocks = (rows + rows_max - 1) / rows_max, block_rows = (rows + row_blocks - 1) / row_blocks;
  const int32_t panels = panel_count(n_), unit_panels = rows <= kFewRows ? kFewRowsPanels : 1;
  const int32_t panel_units = (panels + unit_panels - 1) / unit_panels;
  std::atomic<Status> refusal{Status::kOk};
  pool.run(row_blocks * panel_units, [&](int unit, int) {
    const int32_t row = unit / panel_units * block_rows, panel = unit % panel_units * unit_panels;
    const Status status = ops.gemm({out + static_cast<size_t>(row) * static_cast<size_t>(out_stride), out_stride, a.row(row), k_, {panels_, n_, k_},
                                    std::min(block_rows, rows - row), panel, std::min(panels, panel + unit_panels), accumulate});
    if (status != Status::kOk) refusal.store(status, std::memory_order_relaxed);
  });
  return refusal.load(std::memory_order_relaxed);
}

const Matrix* MatrixStore::add(std::vector<TensorReader::Part> parts, int32_t k) {
  Matrix& matrix = matrices_.emplace_back();
  for (const auto& part : parts) matrix.n_ += part.rows;
  matrix.k_ = k;
  sources_.push_back({std::move(parts)});
  return &matrix;
}

void MatrixStore::pack(TensorReader& reader, WeightMode) {
  size_t size = 0;
  for (const Matrix& matrix : matrices_) size += matrix.bytes() / sizeof(half);
  data_ = Buffer<half>(size);
  half* free = data_.data();
  for (size_t i = 0; i < matrices_.size(); ++i) {
    Matrix& matrix = matrices_[i];
    reader.pack(sources_[i].parts, matrix.k_, free);
    matrix.panels_ = free;
    free += matrix.bytes() / sizeof(half);
  }
  sources_.clear();
}

}  // namespace slackwater
