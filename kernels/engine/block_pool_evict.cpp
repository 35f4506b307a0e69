// Eviction: which block leaves a tier when another one needs its place.
#include <cassert>
#include <cstring>

#include "block_pool.h"

namespace slackwater {

bool BlockPool::Key::operator<(const Key& other) const {
  if (value != other.value) return value < other.value;
  if (used != other.used) return used < other.used;
  return depth > other.depth;
}

int32_t BlockPool::outstanding() const {
  int32_t blocks = 0;
  for (const Sequence* sequence : sequences_) {
    if (sequence->is_leaving) continue;
    blocks += sequence->blocks_max;
    if (sequence->is_resident) blocks -= static_cast<int32_t>(sequence->blocks.size());
    else for (const Block* block : sequence->blocks) blocks -= block->slots[0] >= 0 ? 1 : 0;
  }
  return blocks;
}

bool BlockPool::is_evictable(const Block& block, bool ignore_pins) const {
  if (block.refs > 0 || block.is_discarded || has_job(block)) return false;
  // A block that may not be dropped is counted on only when its copy is in dram already: later there may be no room.
  return ignore_pins || (!block.is_pinned[0] && (!block.is_pinned[1] || block.slots[1] >= 0));
}

int32_t BlockPool::hbm_available(bool ignore_pins) const {
  return hbm_free() - outstanding() + evictable_[ignore_pins ? 1 : 0];
}

// A sequence that was admitted always gets its block: first what nobody needs, then what a copy is about to free,
// at last even a pinned block, in either tier (a running sequence outranks a pin).
int32_t BlockPool::take_hbm_slot() {
  if (const int32_t at = try_take_hbm_slot(false, nullptr); at >= 0) return at;
  copier_.wait_idle();
  apply_copies();
  if (const int32_t at = try_take_hbm_slot(false, nullptr); at >= 0) return at;
  return try_take_hbm_slot(true, nullptr);
}

int32_t BlockPool::try_take_hbm_slot(bool ignore_pins, const Key* below) {
  if (free_[0].empty()) {
    const Block* dram_victim = find_dram_victim(ignore_pins);
    const auto can_leave = [&](const Block& block) {
      if (block.slots[1] >= 0 || !free_[1].empty()) return true;
      if (dram_victim != nullptr && (ignore_pins || dram_victim->slots[0] >= 0 || key(*dram_victim) < key(block))) return true;
      return block.first_child == nullptr && (ignore_pins || !block.is_pinned[1]);
    };
    Block* victim = nullptr;
    for (const Slot& held : slots_[0]) {
      Block* block = held.owner;
      if (block == nullptr || !is_evictable(*block, true)) continue;
      if (!ignore_pins && block->is_pinned[0]) continue;
      if (below != nullptr && !(key(*block) < *below)) continue;
      if (victim != nullptr && !(key(*block) < key(*victim))) continue;
      if (can_leave(*block)) victim = block;
    }
    if (victim == nullptr) return -1;
    evict_from_hbm(*victim, ignore_pins);
  }
  const int32_t at = free_[0].back();
  free_[0].pop_back();
  return at;
}

void BlockPool::evict_from_hbm(Block& block, bool ignore_pins) {
  ++counters_.evicted;
  if (block.slots[1] < 0) {
    if (const int32_t to = try_take_dram_slot(key(block), ignore_pins); to >= 0) {
      std::memcpy(bytes_at(Tier::kDram, to), bytes_at(Tier::kHbm, block.slots[0]), options_.block_bytes);
      attach_slot(block, Tier::kDram, to, SlotState::kCached);
      announce(block, Tier::kDram, true, false);
    }
  }
  remove_copy(block, Tier::kHbm, true);
}

int32_t BlockPool::try_take_dram_slot(const Key& above, bool ignore_pins) {
  if (free_[1].empty()) {
    Block* victim = find_dram_victim(ignore_pins);
    if (victim == nullptr) return -1;
    const bool is_second_copy = victim->slots[0] >= 0;
    if (!is_second_copy && !ignore_pins && !(key(*victim) < above)) return -1;
    if (!is_second_copy) ++counters_.evicted;
    remove_copy(*victim, Tier::kDram, true);
  }
  const int32_t at = free_[1].back();
  free_[1].pop_back();
  return at;
}

// What hbm holds too goes first: nothing is lost. Else the least block that is the end of what the node holds; a pinned one
// only when pins are ignored and every other one is pinned too.
Block* BlockPool::find_dram_victim(bool ignore_pins) const {
  Block* second_copy = nullptr;
  Block* only_copy = nullptr;
  for (const Slot& held : slots_[1]) {
    Block* block = held.owner;
    if (block == nullptr || held.job != nullptr || block->is_discarded) continue;
    if (block->slots[0] >= 0) {
      if (second_copy == nullptr || key(*block) < key(*second_copy)) second_copy = block;
    } else if (block->refs == 0 && block->first_child == nullptr && (ignore_pins || !block->is_pinned[1])) {
      const bool is_better = only_copy == nullptr ||
                             (block->is_pinned[1] != only_copy->is_pinned[1] ? only_copy->is_pinned[1] : key(*block) < key(*only_copy));
      if (is_better) only_copy = block;
    }
  }
  return second_copy != nullptr ? second_copy : only_copy;
}

}  // namespace slackwater
