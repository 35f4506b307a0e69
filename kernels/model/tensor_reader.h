#pragma once

#include <limits>
#include <string>
#include <vector>

#include "../lib/buffer.h"
#include "../lib/error.h"
#include "../lib/half.h"
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
  /// Stacks matrices of `cols` inputs, in order, and packs them for the cpu backend into `out`, which has room for
  /// panel_count(all rows) * panel_size(cols). On a fault, to which belongs a weight beyond binary16, `out` is not to be used.
  struct Part {
    std::string name;
    int32_t rows;
  };
  void pack(const std::vector<Part>& parts, int32_t cols, half* out);
  /// A fault when the file has a tensor that nobody asked for: it would be left out of the computation.
  void check_all_used();

 private:
  const WeightTensor* find_shape(const std::string& name, int64_t cols, int64_t rows);
  /// The fault of value `at` of the tensor, which is NaN or above `largest` in magnitude.
  void refuse_value(const WeightTensor& tensor, size_t at, float largest);

  const WeightTable& weights_;
  const TensorNames names_{};
  const float norm_offset_ = 0;
  ThreadPool& pool_;
  Error& error_;
  std::vector<const WeightTensor*> used_;
};

}  // namespace slackwater
