#pragma once

#include <string>
#include <vector>

#include "../lib/buffer.h"
#include "../lib/error.h"
#include "../lib/thread_pool.h"
#include "model_file.h"

namespace slackwater {

/// Finds the tensors of a model one by one, by GGUF's names whatever the file calls them. The first fault (missing, wrong shape, not
/// finite) stays in `error`, and every later call does nothing; so a loader asks for all it needs and looks at `error` once.
class TensorReader {
 public:
  TensorReader(const ModelFile& model, ThreadPool& pool, Error& error)
      : weights_(model.weights()), names_(model.names()), norm_offset_(model.architecture().norm_offset), pool_(pool), error_(error) {}
  /// Of tensors that no architecture has named: by the names in the file.
  TensorReader(const WeightTable& weights, ThreadPool& pool, Error& error) : weights_(weights), pool_(pool), error_(error) {}

  bool has(const std::string& name) const { return weights_.find(names_.in_file(name)) != nullptr; }
  /// The tensor as stored, for tables that stay in the format of the file; its values are checked to be finite. Null on a fault.
  const WeightTensor* find(const std::string& name, int64_t cols, int64_t rows);
  /// [rows, cols] in fp32; a vector has one row. Empty on a fault.
  Buffer<float> read(const std::string& name, int64_t cols, int64_t rows);
  /// [cols], with the offset that the model's norms are stored without.
  Buffer<float> read_norm(const std::string& name, int64_t cols);
  /// Rows of matrices, stacked in order: each of `cols` values, as stored. Empty on a fault.
  struct Part {
    std::string name;
    int32_t rows;
  };
  struct Row {
    const WeightTensor* tensor;
    int32_t index;
    const std::byte* data() const;
  };
  std::vector<Row> rows(const std::vector<Part>& parts, int32_t cols);
  /// The fault of a row that a matrix could not take: its first value that is not finite, else a scale beyond binary16.
  void refuse_row(const Row& row);
  /// A fault when the file has a tensor that nobody asked for: it would be left out of the computation.
  void check_all_used();

 private:
  const WeightTensor* find_shape(const std::string& name, int64_t cols, int64_t rows);
  /// The fault of value `at` of the tensor, which is not finite.
  void refuse_value(const WeightTensor& tensor, size_t at);

  const WeightTable& weights_;
  const TensorNames names_{};
  const float norm_offset_ = 0;
  ThreadPool& pool_;
  Error& error_;
  std::vector<const WeightTensor*> used_;
};

}  // namespace slackwater
