// Lanes: what a sequence leaves behind between its runs, and how long it is worth keeping.
#include <algorithm>
#include <cassert>

#include "block_pool.h"

namespace slackwater {

LanePtr BlockPool::find_lane(const std::string& id) const {
  const auto at = lanes_.find(id);
  return at == lanes_.end() ? nullptr : at->second;
}

LanePtr BlockPool::lane(const std::string& id) {
  if (LanePtr known = find_lane(id)) return known;
  if (lanes_.size() >= static_cast<size_t>(options_.lanes_max)) {
    const auto rank = [](const LanePtr& lane) { return std::tuple(lane->runs > 0, lane->pin.has_value(), lane->value, lane->used); };
    const auto least = std::min_element(lanes_.begin(), lanes_.end(), [&](const auto& a, const auto& b) { return rank(a.second) < rank(b.second); });
    if (least->second->runs == 0) drop(std::string(least->first));
  }
  const LanePtr made = std::make_shared<Lane>();
  made->id = id;
  made->used = ++tick_;
  lanes_.emplace(id, made);
  return made;
}

void BlockPool::retain(const std::string& id, double value) {
  const LanePtr kept = lane(id);
  kept->value = value;
  refresh_lane(*kept);
}

void BlockPool::pin(const std::string& id, std::optional<Tier> tier) {
  if (!tier.has_value() && find_lane(id) == nullptr) return;
  const LanePtr pinned = lane(id);
  pinned->pin = tier;
  refresh_lane(*pinned);
}

void BlockPool::drop(const std::string& id) {
  const LanePtr gone = find_lane(id);
  if (gone == nullptr) return;
  cancel_move(*gone);
  gone->is_dropped = true;
  unbind(*gone);
  lanes_.erase(gone->id);
}

void BlockPool::bind(Lane& lane, Sequence& sequence) {
  std::vector<Block*> chain;
  Block* tail = nullptr;
  for (Block* block : sequence.blocks) {
    if (block->is_named) chain.push_back(block);
    else if (block->count > 0) tail = block;
  }
  assert(lane.tail == nullptr || lane.tail != tail);
  const auto common = static_cast<size_t>(std::mismatch(lane.chain.begin(), lane.chain.end(), chain.begin(), chain.end()).first - lane.chain.begin());
  for (size_t i = common; i < lane.chain.size(); ++i) remove_lane(*lane.chain[i], lane);
  for (size_t i = common; i < chain.size(); ++i) add_lane(*chain[i], lane);
  Block* old = std::exchange(lane.tail, tail);
  if (tail != nullptr) add_lane(*tail, lane);
  lane.chain = std::move(chain);
  lane.is_resident_wanted = true;
  if (old != nullptr) {
    remove_lane(*old, lane);
    if (old->refs == 0) discard(*old);
  }
}

void BlockPool::unbind(Lane& lane) {
  for (Block* block : std::exchange(lane.chain, {})) remove_lane(*block, lane);
  if (Block* tail = std::exchange(lane.tail, nullptr)) {
    remove_lane(*tail, lane);
    if (tail->refs == 0) discard(*tail);
  }
}

void BlockPool::add_lane(Block& block, Lane& lane) {
  block.lanes.push_back(&lane);
  block.value = block.lanes.size() == 1 ? lane.value : std::max(block.value, lane.value);
  block.is_pinned[0] |= lane.pin == Tier::kHbm;
  block.is_pinned[1] |= lane.pin.has_value();
  recount(block);
}

void BlockPool::remove_lane(Block& block, Lane& lane) {
  std::erase(block.lanes, &lane);
  refresh(block);
}

void BlockPool::refresh(Block& block) {
  block.value = 0;
  block.is_pinned = {};
  for (size_t i = 0; i < block.lanes.size(); ++i) {
    const Lane& lane = *block.lanes[i];
    block.value = i == 0 ? lane.value : std::max(block.value, lane.value);
    block.is_pinned[0] |= lane.pin == Tier::kHbm;
    block.is_pinned[1] |= lane.pin.has_value();
  }
  recount(block);
}

void BlockPool::refresh_lane(Lane& lane) {
  for (Block* block : lane.chain) refresh(*block);
  if (lane.tail != nullptr) refresh(*lane.tail);
}

Block* BlockPool::block_at(const Lane& lane, int32_t index) const {
  const auto chain = static_cast<int32_t>(lane.chain.size());
  if (index < chain) return lane.chain[static_cast<size_t>(index)];
  return index == chain ? lane.tail : nullptr;
}

}  // namespace slackwater
