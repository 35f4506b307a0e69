#include "weight_table.h"

#include <algorithm>

namespace slackwater {

bool WeightTable::add(WeightTensor tensor) {
  if (!index_.emplace(tensor.name, tensors_.size()).second) return false;
  tensors_.push_back(std::move(tensor));
  return true;
}

const WeightTensor* WeightTable::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

std::vector<const WeightTensor*> WeightTable::by_place() const {
  std::vector<const WeightTensor*> order;
  for (const WeightTensor& tensor : tensors_) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const WeightTensor* a, const WeightTensor* b) { return a->data < b->data; });
  return order;
}

}  // namespace slackwater
