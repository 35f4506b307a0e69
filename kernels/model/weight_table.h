#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "../lib/tensor_format.h"

namespace slackwater {

/// One weight tensor of a file. `shape` is innermost first, unused dimensions are 1: a matrix of N rows of K has shape {K, N, 1, 1}.
struct WeightTensor {
  std::string name;
  TensorFormat format;
  uint32_t dimensions;
  uint64_t shape[4];
  const std::byte* data;  // Into the mapped file; aligned to nothing.
  size_t bytes;
};

/// The tensors of a model, whatever kind of file they lie in.
class WeightTable {
 public:
  /// False when there is one of that name already. References to tensors end here.
  bool add(WeightTensor tensor);

  const std::vector<WeightTensor>& tensors() const { return tensors_; }
  const WeightTensor* find(const std::string& name) const;

  /// All tensors by where they lie. Of one file: pointers into two mappings have no order that means anything.
  std::vector<const WeightTensor*> by_place() const;

 private:
  std::vector<WeightTensor> tensors_;
  std::unordered_map<std::string, size_t> index_;

  friend class GgufParser;  // Places the tensors after it has read all of their names.
};

}  // namespace slackwater
