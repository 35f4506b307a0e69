#pragma once

#include <deque>
#include <vector>

#include "../lib/buffer.h"
#include "../ops/cpu_ops.h"
#include "packed_cache.h"
#include "tensor_reader.h"
#include "weight_mode.h"

namespace slackwater {

/// Rows that a linear layer multiplies: [rows, k], in integers. Made by the ops below and reused from layer to layer.
class Activations {
 public:
  /// Room for `rows` rows of `k` values in `form`, which is MatrixStore::activations(). The content is lost.
  void reserve(size_t rows, int32_t k, ActivationForm form);
  int32_t k() const { return rows_.k; }

  /// Rows [first, first + count) from fp32 rows of k values at `x` (row `first` is at x + first * stride).
  Status take(const CpuOps& ops, const float* x, int32_t stride, int32_t first, int32_t count);
  /// The same of rmsnorm(x): x [rows, k].
  Status take_rmsnorm(const CpuOps& ops, const float* x, const float* weight, float eps, int32_t first, int32_t count);
  /// The same of glu(gate_up): gate_up [rows, 2 k], whose first halves are overwritten.
  Status take_glu(const CpuOps& ops, Activation activation, float* gate_up, int32_t first, int32_t count);

  ActivationRows from(int32_t row) const { return {rows_.row(row), rows_.k, rows_.form}; }

 private:
  Buffer<std::byte> data_;
  ActivationRows rows_{};
};

/// One packed linear layer: n outputs of k inputs.
class Matrix {
 public:
  int32_t n() const { return weights_.n; }
  int32_t k() const { return weights_.k; }
  WeightForm form() const { return weights_.form; }
  size_t bytes() const { return static_cast<size_t>(gemm_panels(n())) * panel_bytes(form(), k()); }

  /// out[r, j] = sum_i a[r, i] * w[j, i]   (+ out[r, j] before, when `accumulate`), all n outputs of rows [0, rows).
  /// Row r at out + r * out_stride. The bits of an output depend on its row alone, whatever the threads and the rows.
  /// Not kOk: nothing is to be used.
  Status multiply(ThreadPool& pool, const CpuOps& ops, const ActivationRows& a, int32_t rows, float* out, int32_t out_stride, bool accumulate) const;

 private:
  friend class MatrixStore;
  PackedWeights weights_{};
};

/// All linear layers of a model, in one allocation: then they lie on large pages, which the reading of decode needs
/// for its speed. First every layer is added, then all are packed.
class MatrixStore {
 public:
  /// The layer that stacks the rows of `parts`, each of `k` inputs. The pointer stays valid as long as the store; the
  /// matrix is to be used after `pack`.
  const Matrix* add(std::vector<TensorReader::Part> parts, int32_t k);

  /// Decides the mode and each layer's form, and with them `bytes`; a fault stays in `error`, which is the reader's.
  ///   kExact    kWords, or kPlanes for tiles
  ///   kCompact  the grouped form of the tensors' format; kWords where there is none, or where stacked tensors differ in it
  ///   kFast     kBytes
  ///   kAuto     kCompact when more than half of the weights are stored in 4 bits, else kExact; on tiles kExact
  void plan(TensorReader& reader, WeightMode mode, bool is_for_tiles, Error& error);
  /// Reads and packs every layer, on all threads, or takes from `cache` what an earlier start packed of the same content.
  void pack(TensorReader& reader, ThreadPool& pool, Error& error, const PackedCache& cache);

  /// After `plan`: never kAuto.
  WeightMode mode() const { return mode_; }
  ActivationForm activations() const { return mode_ == WeightMode::kFast ? ActivationForm::kBytes : activations_of(exact_form_); }
  size_t bytes() const;

 private:
  struct Source {
    std::vector<TensorReader::Part> parts;
    std::vector<TensorReader::Row> rows;
  };
  void choose_mode(WeightMode wanted, bool is_for_tiles);
  WeightForm choose_form(const Source& source) const;
  bool is_worth_keeping() const;
  Digest key_of(ThreadPool& pool) const;
  void pack_panels(TensorReader& reader, ThreadPool& pool);

  std::deque<Matrix> matrices_;
  std::vector<Source> sources_;
  Buffer<std::byte> data_;
  WeightMode mode_ = WeightMode::kExact;
  WeightForm exact_form_ = WeightForm::kWords;
};

}  // namespace slackwater
