#include "block_pool.h"

#include <algorithm>
#include <cassert>

namespace slackwater {

BlockPool::BlockPool(const PoolOptions& options, Copier& copier)
    : options_(options),
      copier_(copier),
      hbm_arena_(options.block_bytes * static_cast<size_t>(options.hbm_blocks)),
      dram_arena_(options.block_bytes * static_cast<size_t>(options.dram_blocks)),
      blocks_(static_cast<size_t>(options.hbm_blocks) + static_cast<size_t>(options.dram_blocks)),
      index_(blocks_.size()) {
  for (Block& block : blocks_) spare_blocks_.push_back(&block);
  const std::array<int32_t, 2> sizes = {options.hbm_blocks, options.dram_blocks};
  for (size_t tier = 0; tier < 2; ++tier) {
    slots_[tier].resize(static_cast<size_t>(sizes[tier]));
    for (int32_t i = sizes[tier] - 1; i >= 0; --i) free_[tier].push_back(i);
  }
}

// The copy thread reads and writes the arenas: it must be over before they go.
BlockPool::~BlockPool() { copier_.stop(); }

std::byte* BlockPool::bytes_at(Tier tier, int32_t slot) {
  Arena& arena = tier == Tier::kHbm ? hbm_arena_ : dram_arena_;
  return arena.data() + static_cast<size_t>(slot) * options_.block_bytes;
}

std::vector<BlockEvent> BlockPool::snapshot() const {
  std::vector<BlockEvent> events;
  for (const Tier tier : {Tier::kHbm, Tier::kDram}) {
    for (const Slot& held : slots_[static_cast<size_t>(tier)]) {
      const Block* block = held.owner;
      if (block == nullptr || !block->is_named) continue;
      const bool is_arriving = held.job != nullptr && (held.job->way == CopyWay::kIn) == (tier == Tier::kHbm);
      if (!is_arriving) events.push_back({true, tier, block->name, block->parent->name, false});
    }
  }
  // Parents first, so that a directory can be built in one pass.
  std::stable_sort(events.begin(), events.end(), [this](const BlockEvent& a, const BlockEvent& b) {
    return index_.find(a.name)->depth < index_.find(b.name)->depth;
  });
  return events;
}

const Block* BlockPool::find_block(const BlockName& name) const { return index_.find(name); }

bool BlockPool::is_resident(const Block& block) const {
  const Slot* held = slot_of(block, Tier::kHbm);
  return held != nullptr && (held->job == nullptr || held->job->way == CopyWay::kOut);
}

Slot* BlockPool::slot_of(const Block& block, Tier tier) {
  const int32_t at = block.slots[static_cast<size_t>(tier)];
  return at < 0 ? nullptr : &slot(tier, at);
}

const Slot* BlockPool::slot_of(const Block& block, Tier tier) const {
  const int32_t at = block.slots[static_cast<size_t>(tier)];
  return at < 0 ? nullptr : &slot(tier, at);
}

void BlockPool::attach_slot(Block& block, Tier tier, int32_t index, SlotState state) {
  Slot& held = slot(tier, index);
  assert(held.owner == nullptr && block.slots[static_cast<size_t>(tier)] < 0);
  held.owner = &block;
  held.state = state;
  block.slots[static_cast<size_t>(tier)] = index;
  recount(block);
}

void BlockPool::free_slot(Tier tier, int32_t index) {
  Slot& held = slot(tier, index);
  assert(held.job == nullptr);
  held.owner = nullptr;
  held.state = SlotState::kFree;
  free_[static_cast<size_t>(tier)].push_back(index);
}

Block* BlockPool::new_block(Block* parent) {
  if (spare_blocks_.empty()) spare_blocks_.push_back(&blocks_.emplace_back());
  Block* block = spare_blocks_.back();
  spare_blocks_.pop_back();
  *block = Block{};
  if (parent != nullptr) {
    block->depth = parent->depth + 1;
    join_parent(*block, *parent);
  }
  return block;
}

void BlockPool::join_parent(Block& block, Block& parent) {
  block.parent = &parent;
  block.previous_sibling = nullptr;
  block.next_sibling = std::exchange(parent.first_child, &block);
  if (block.next_sibling != nullptr) block.next_sibling->previous_sibling = &block;
}

void BlockPool::leave_parent(Block& block) {
  (block.previous_sibling != nullptr ? block.previous_sibling->next_sibling : block.parent->first_child) = block.next_sibling;
  if (block.next_sibling != nullptr) block.next_sibling->previous_sibling = block.previous_sibling;
  block.parent = block.next_sibling = block.previous_sibling = nullptr;
}

Block* BlockPool::root(const Salt& salt) {
  Block*& at = roots_[salt];
  if (at == nullptr) at = new_block(nullptr);
  return at;
}

Block* BlockPool::find_root(const Salt& salt) const {
  const auto at = roots_.find(salt);
  return at == roots_.end() ? nullptr : at->second;
}

void BlockPool::erase_block(Block& block) {
  assert(block.first_child == nullptr && block.refs == 0);
  for (Lane* lane : block.lanes) {
    if (lane->tail == &block) lane->tail = nullptr;
    else if (!lane->chain.empty() && lane->chain.back() == &block) lane->chain.pop_back();
    else assert(!"a lane's chain is dropped from its end");
  }
  if (block.is_named) index_.erase(block.name);
  Block* parent = block.parent;
  leave_parent(block);
  block.lanes.clear();
  spare_blocks_.push_back(&block);
  if (parent->depth < 0 && parent->first_child == nullptr) {
    std::erase_if(roots_, [parent](const auto& entry) { return entry.second == parent; });
    spare_blocks_.push_back(parent);
  }
}

void BlockPool::remove_copy(Block& block, Tier tier, bool is_evicted) {
  const int32_t at = block.slots[static_cast<size_t>(tier)];
  assert(at >= 0 && slot(tier, at).job == nullptr);
  announce(block, tier, false, is_evicted);
  free_slot(tier, at);
  block.slots[static_cast<size_t>(tier)] = -1;
  recount(block);
  if (block.slots[0] < 0 && block.slots[1] < 0) erase_block(block);
}

void BlockPool::discard(Block& block) {
  assert(block.refs == 0 && block.first_child == nullptr && block.lanes.empty());
  cancel_demotion(block);
  if (has_job(block)) {  // apply() ends it: the slots must not be used again while the copy thread reads or writes them
    block.is_discarded = true;
    recount(block);
    return;
  }
  const std::array<int32_t, 2> held = block.slots;
  for (const Tier tier : {Tier::kDram, Tier::kHbm}) {
    if (held[static_cast<size_t>(tier)] >= 0) remove_copy(block, tier, false);
  }
}

void BlockPool::announce(const Block& block, Tier tier, bool is_stored, bool is_evicted) {
  if (block.is_named) block_events_.push_back({is_stored, tier, block.name, block.parent->name, is_evicted});
}

void BlockPool::settle(Block& block) {
  if (Slot* held = slot_of(block, Tier::kHbm)) {
    const bool is_copying = held->job != nullptr && !held->job->is_cancelled;
    held->state = is_copying ? (held->job->way == CopyWay::kOut ? SlotState::kCopyingOut : SlotState::kCopyingIn)
                             : (block.refs > 0 ? SlotState::kActive : SlotState::kCached);
  }
  if (Slot* held = slot_of(block, Tier::kDram)) {
    held->state = held->job == nullptr ? SlotState::kCached
                                       : (held->job->way == CopyWay::kOut ? SlotState::kCopyingIn : SlotState::kCopyingOut);
  }
  recount(block);
}

// Whatever is_evictable() looks at has changed: keeps the two counts that admission asks for, which would else be a look at
// every slot in every iteration.
void BlockPool::recount(Block& block) {
  for (size_t i = 0; i < 2; ++i) {
    const bool is_counted = block.slots[0] >= 0 && is_evictable(block, i == 1);
    evictable_[i] += static_cast<int32_t>(is_counted) - static_cast<int32_t>(block.is_counted[i]);
    block.is_counted[i] = is_counted;
  }
}

void BlockPool::ref(Block& block) {
  ++block.refs;
  cancel_demotion(block);
  settle(block);
}

void BlockPool::unref(Block& block) {
  assert(block.refs > 0);
  --block.refs;
  settle(block);
}

bool BlockPool::has_job(const Block& block) const {
  const Slot* held = slot_of(block, Tier::kHbm);
  return held != nullptr && held->job != nullptr;
}

// A demotion copies, then drops; a hit in between keeps the block. A copy that has begun is left to end: its
// target stays taken until then, so the late bytes land nowhere else.
void BlockPool::cancel_demotion(Block& block) {
  Slot* held = slot_of(block, Tier::kHbm);
  if (held == nullptr || held->job == nullptr || held->job->way != CopyWay::kOut || held->job->is_cancelled) return;
  const CopyJobPtr job = held->job;
  job->is_cancelled = true;
  if (copier_.try_cancel(job)) {
    held->job = slot(Tier::kDram, job->dram_slot).job = nullptr;
    free_slot(Tier::kDram, job->dram_slot);
    block.slots[static_cast<size_t>(Tier::kDram)] = -1;
    const LanePtr lane = find_lane(job->lane);
    if (lane != nullptr && lane->move.kind != MoveKind::kNone && lane->move.id == job->move) --lane->move.inflight;
  }
  settle(block);
}

}  // namespace slackwater
