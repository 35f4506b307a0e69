// What must hold between any two operations of the pool.
#include <algorithm>
#include <unordered_set>

#include "block_pool.h"

namespace slackwater {

std::string BlockPool::check_integrity() const {
  std::unordered_map<const Block*, int32_t> held, refs;
  for (size_t tier = 0; tier < 2; ++tier) {
    int32_t taken = 0;
    for (size_t i = 0; i < slots_[tier].size(); ++i) {
      const Slot& slot = slots_[tier][i];
      if ((slot.state == SlotState::kFree) != (slot.owner == nullptr)) return "a slot is free and owned, or neither";
      if (slot.owner == nullptr) continue;
      ++taken;
      ++held[slot.owner];
      if (slot.owner->slots[tier] != static_cast<int32_t>(i)) return "a slot's owner does not know it";
      if (tier == 0 && slot.job == nullptr && slot.state != (slot.owner->refs > 0 ? SlotState::kActive : SlotState::kCached)) return "a slot's state is not its block's";
    }
    if (taken + static_cast<int32_t>(free_[tier].size()) != static_cast<int32_t>(slots_[tier].size())) return "free + held is not total";
    std::unordered_set<int32_t> once(free_[tier].begin(), free_[tier].end());
    if (once.size() != free_[tier].size()) return "a slot is free twice";
  }
  for (const Sequence* sequence : sequences_) {
    for (const Block* block : sequence->blocks) ++refs[block];
  }
  for (const auto& [block, count] : refs) {
    if (!held.contains(block)) return "a sequence uses a block that is not held";
  }
  std::array<int32_t, 2> evictable = {};
  for (const auto& [block, count] : held) {
    const auto at = refs.find(block);
    if (block->refs != (at == refs.end() ? 0 : at->second)) return "references do not add up";
    if (block->parent == nullptr) return "a block has no parent";
    if (block->parent->depth >= 0 && !held.contains(block->parent)) return "a block is held without its parent";
    if (block->depth != block->parent->depth + 1) return "a block is at the wrong depth";
    const Block* sibling = block->parent->first_child;
    while (sibling != nullptr && sibling != block) sibling = sibling->next_sibling;
    if (sibling == nullptr) return "a parent does not know its child";
    for (size_t i = 0; i < 2; ++i) {
      if (block->is_counted[i] != (block->slots[0] >= 0 && is_evictable(*block, i == 1))) return "a block is counted as evictable and is not, or the other way round";
      evictable[i] += block->is_counted[i] ? 1 : 0;
    }
    if (block->is_named) {
      if (index_.find(block->name) != block) return "a named block is not in the index";
      if (block->count != kBlockTokens || !block->parent->is_named != (block->parent->depth < 0)) return "a named block is not full, or its parent has no name";
    } else if (block->first_child != nullptr && block->refs == 0) {
      return "an unnamed block has children";
    } else if (block->refs == 0 && block->lanes.empty() && !block->is_discarded) {
      return "a partial block belongs to nobody";
    }
    double value = block->lanes.empty() ? 0 : block->lanes[0]->value;
    for (const Lane* lane : block->lanes) {
      value = std::max(value, lane->value);
      if (lane->tail != block && std::count(lane->chain.begin(), lane->chain.end(), block) != 1) return "a block names a lane that is not on it";
    }
    if (value != block->value) return "a block's value is not the largest of its lanes";
  }
  size_t named = 0;
  for (const auto& [block, count] : held) named += block->is_named ? 1 : 0;
  if (named != index_.size()) return "the index names a block that is not held";
  if (evictable != evictable_) return "the count of blocks that can be evicted is wrong";
  for (const auto& [id, lane] : lanes_) {
    const Block* parent = nullptr;
    for (const Block* block : lane->chain) {
      if (!held.contains(block) || std::count(block->lanes.begin(), block->lanes.end(), lane.get()) != 1) return "a lane's block is not held for it";
      if (parent != nullptr && block->parent != parent) return "a lane's chain is broken";
      parent = block;
    }
    if (lane->tail != nullptr && (!held.contains(lane->tail) || lane->tail->is_named)) return "a lane's tail is wrong";
  }
  int32_t coverable = hbm_free();
  for (const Slot& slot : slots_[0]) coverable += slot.owner != nullptr && slot.owner->refs == 0 ? 1 : 0;
  if (outstanding() > coverable) return "admitted sequences were promised more than there is";
  return "";
}

}  // namespace slackwater
