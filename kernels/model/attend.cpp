#include "attend.h"

#include <algorithm>

namespace slackwater {

std::string Attend::refusal(const ModelShape& shape) {
  const int32_t group = shape.heads / shape.kv_heads;
  if (shape.head_dim % kPanelColumns == 0 && group <= kAttentionRows) return {};
  return "heads of " + std::to_string(shape.head_dim) + " values in groups of " + std::to_string(group) + "; the cpu backend takes multiples of " +
         std::to_string(kPanelColumns) + " in groups of at most " + std::to_string(kAttentionRows);
}

Attend::Attend(const CpuOps& ops, ThreadPool& pool, const ModelShape& shape) : ops_(ops), pool_(pool), shape_(shape) {
  for (int thread = 0; thread < pool_.threads(); ++thread) scratch_.emplace_back(attention_scratch_bytes(shape_.head_dim));
}

void Attend::plan(const Batch& batch) {
  const int32_t tokens = kAttentionRows / (shape_.heads / shape_.kv_heads);
  positions_.clear();
  units_.clear();
  for (int32_t i = 0; i < batch.sequences; ++i) {
    const SequenceView& view = batch.views[i];
    for (int32_t r = 0; r < view.rows; ++r) positions_.push_back(view.start + r);
    for (int32_t first = 0; first < view.rows; first += tokens) units_.push_back({&view, first, std::min(tokens, view.rows - first)});
  }
  // The longest first, so that the threads end together.
  std::stable_sort(units_.begin(), units_.end(), [](const RowUnit& a, const RowUnit& b) {
    return static_cast<int64_t>(a.view->start + a.first) * a.rows > static_cast<int64_t>(b.view->start + b.first) * b.rows;
  });
}

Status Attend::run(const AttendLayer& layer) {
  const Status status = store(layer);
  return status == Status::kOk ? attend(layer) : status;
}

/// work(unit, thread) for all units; the status of one that is not kOk, if there is any.
template <class Work>
Status Attend::each(int units, const Work& work) {
  refusal_.store(Status::kOk, std::memory_order_relaxed);
  pool_.run(units, [&](int unit, int thread) {
    const Status status = work(unit, thread);
    if (status != Status::kOk) refusal_.store(status, std::memory_order_relaxed);
  });
  return refusal_.load(std::memory_order_relaxed);
}

Status Attend::store(const AttendLayer& layer) {
  const int32_t q_size = shape_.heads * shape_.head_dim, kv_size = shape_.kv_heads * shape_.head_dim;
  return each(static_cast<int>(units_.size()), [&](int unit, int) {
    const RowUnit& u = units_[static_cast<size_t>(unit)];
    const int32_t row = u.view->first_row + u.first;
    float* q = layer.qkv + static_cast<size_t>(row) * stride();
    const Status status = ops_.rope({q, positions_.data() + row, layer.rope_table, u.rows, stride(), shape_.heads + shape_.kv_heads,
                                     shape_.head_dim, layer.rope_pairs, shape_.context_length, layer.rope_layout});
    if (status != Status::kOk) return status;
    return ops_.kv_write({layer.kv, q + q_size, q + q_size + kv_size, stride(), u.view->blocks, u.view->start + u.first, u.rows});
  });
}

Status Attend::attend(const AttendLayer& layer) {
  const int32_t q_size = shape_.heads * shape_.head_dim;
  return each(static_cast<int>(units_.size()) * shape_.kv_heads, [&](int unit, int thread) {
    const RowUnit& u = units_[static_cast<size_t>(unit / shape_.kv_heads)];
    const int32_t row = u.view->first_row + u.first, head = unit % shape_.kv_heads;
    return ops_.attention({layer.out + static_cast<size_t>(row) * q_size, q_size, layer.qkv + static_cast<size_t>(row) * stride(), stride(), layer.kv,
                         u.view->blocks, u.view->start + u.first, u.rows, shape_.heads, head, head + 1, layer.scale, layer.window,
                         scratch_[static_cast<size_t>(thread)].data()});
  });
}

}  // namespace slackwater
