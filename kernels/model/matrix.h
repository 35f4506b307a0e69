#pragma once

#include <deque>
#include <vector>

#include "../lib/buffer.h"
#include "../ops/cpu_ops.h"
#include "tensor_reader.h"
#include "weight_mode.h"

namespace slackwater {

/// Rows that a linear layer multiplies: [rows, k], in the form that the weights' mode asks for. Made by the fused ops
/// below and reused from layer to layer.
class Activations {
 public:
  /// Room for `rows` rows of `k` values. The content is lost.
  void reserve(size_t rows, int32_t k);
  int32_t k() const { return k_; }

  /// Rows [first, first + count) from fp32 rows of k values at `x` (row `first` is at x + first * stride).
  Status take(const CpuOps& ops, const float* x, int32_t stride, int32_t first, int32_t count);
  /// The same of rmsnorm(x): x [rows, k].
  Status take_rmsnorm(const CpuOps& ops, const float* x, const float* weight, float eps, int32_t first, int32_t count);
  /// The same of swiglu(gate_up): gate_up [rows, 2 k].
  Status take_swiglu(const CpuOps& ops, const float* gate_up, int32_t first, int32_t count);

 private:
  friend class Matrix;
  float* row(int32_t index) const { return values_.data() + static_cast<size_t>(index) * static_cast<size_t>(k_); }

  Buffer<float> values_;
  int32_t k_ = 0;
};

/// One packed linear layer: n outputs of k inputs.
class Matrix {
 public:
  int32_t n() const { return n_; }
  int32_t k() const { return k_; }
  size_t bytes() const;

  /// out[r, j] = sum_i a[r, i] * w[j, i]   (+ out[r, j] before, when `accumulate`), all n outputs of rows [0, rows).
  /// Row r at out + r * out_stride. The bits of an output depend on its row alone, whatever the threads and the rows.
  /// Not kOk: nothing is to be used.
  Status multiply(ThreadPool& pool, const CpuOps& ops, const Activations& a, int32_t rows, float* out, int32_t out_stride, bool accumulate) const;

 private:
  friend class MatrixStore;
  const half* panels_ = nullptr;
  int32_t n_ = 0;
  int32_t k_ = 0;
};

/// All linear layers of a model, in one allocation: then they lie on large pages, which the reading of decode needs
/// for its speed. First every layer is added, then all are packed.
class MatrixStore {
 public:
  /// The layer that stacks the rows of `parts`, each of `k` inputs. The pointer stays valid as long as the store; the
  /// matrix is to be used after `pack`.
  const Matrix* add(std::vector<TensorReader::Part> parts, int32_t k);
  /// Reads and packs every layer; a fault stays in the reader's error.
  void pack(TensorReader& reader, WeightMode mode);

  size_t bytes() const { return data_.size() * sizeof(half); }

 private:
  struct Source {
    std::vector<TensorReader::Part> parts;
  };
  std::deque<Matrix> matrices_;
  std::vector<Source> sources_;
  Buffer<half> data_;
};

}  // namespace slackwater
