#include "attend.h"

#include <algorithm>

namespace slackwater {
namespace {

/// Tokens that are rotated and stored by one unit.
constexpr int32_t kStoreTokens = 32;

}  // namespace

std::string Attend::refusal(const ModelShape& shape) {
  const int32_t group = shape.heads / shape.kv_heads;
  if (shape.head_dim % kHeadDimStep == 0 && shape.head_dim <= kHeadDimMax && group <= kAttentionRows) return {};
  return "heads of " + std::to_string(shape.head_dim) + " values in groups of " + std::to_string(group) + "; the cpu backend takes multiples of " +
         std::to_string(kHeadDimStep) + " up to " + std::to_string(kHeadDimMax) + " in groups of at most " + std::to_string(kAttentionRows);
}

Attend::Attend(const CpuOps& ops, ThreadPool& pool, const ModelShape& shape, size_t partials_max) : ops_(ops), pool_(pool), shape_(shape), partials_max_(partials_max) {
  for (int thread = 0; thread < pool_.threads(); ++thread) scratch_.emplace_back(attention_scratch_bytes(shape_.head_dim));
}

void Attend::plan(const Batch& batch) {
  batch_ = &batch;
  plans_used_ = 0;
  positions_.clear();
  units_.clear();
  for (int32_t i = 0; i < batch.sequences; ++i) {
    const SequenceView& view = batch.views[i];
    for (int32_t r = 0; r < view.rows; ++r) positions_.push_back(view.start + r);
    for (int32_t first = 0; first < view.rows; first += kStoreTokens) units_.push_back({&view, first, std::min(kStoreTokens, view.rows - first)});
  }
  order_by_blocks(batch, order_);
}

/// Made when a layer asks for it first; the memory of an earlier iteration's is reused.
const AttendPlan& Attend::plan_of(int32_t window) {
  for (size_t i = 0; i < plans_used_; ++i) {
    if (plans_[i].window() == window) return plans_[i];
  }
  if (plans_used_ == plans_.size()) plans_.emplace_back();
  AttendPlan& plan = plans_[plans_used_++];
  plan.build(*batch_, order_, shape_, pool_.threads(), window, partials_max_);
  return plan;
}

Status Attend::run(const AttendLayer& layer) {
  const Status status = store(layer);
  return status == Status::kOk ? attend(layer) : status;
}

/// work(unit, thread) for all units; the status of one that is not kOk, if there is any.
template <class Work>
Status Attend::each(int units, const Work& work) {
  refusal_.clear();
  pool_.run(units, [&](int unit, int thread) { refusal_.note(work(unit, thread)); });
  return refusal_.status();
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
  const AttendPlan& plan = plan_of(layer.window);
  const int32_t q_size = shape_.heads * shape_.head_dim;
  const auto items = static_cast<int>(plan.items().size());
  // Head by head: the KV of a head is then still in a core's cache when the next rows want it.
  const Status status = each(items * shape_.kv_heads, [&](int unit, int thread) {
    const AttendPlan::Item& item = plan.items()[static_cast<size_t>(unit % items)];
    return ops_.attention({layer.out, q_size, layer.qkv, stride(), layer.kv, plan.parts().data() + item.part, item.parts, shape_.heads, unit / items,
                           item.segment_begin, item.segment_end, layer.scale, layer.window, scratch_[static_cast<size_t>(thread)].data()});
  });
  if (status != Status::kOk) return status;
  return each(static_cast<int>(plan.merges().size()), [&](int unit, int) {
    return ops_.attention_merge({layer.out, q_size, shape_.heads, shape_.head_dim, plan.merges().data() + unit, 1});
  });
}

}  // namespace slackwater
