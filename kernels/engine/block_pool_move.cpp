// Ordered moves of a lane between the tiers. The memcpys run on the copy thread; everything is decided and applied here.
#include <algorithm>
#include <cassert>
#include <limits>

#include "block_pool.h"

namespace slackwater {

void BlockPool::demote(const std::string& id, double now_ms) {
  if (!start_order(id, MoveKind::kDemote, now_ms)) return;
  Lane& lane = *moving_.back();
  lane.is_resident_wanted = false;
  lane.move.next = static_cast<int32_t>(lane.chain.size());
  pump_demotion(lane);
  std::erase_if(moving_, [](const LanePtr& at) { return at->move.kind == MoveKind::kNone; });
}

void BlockPool::recall(const std::string& id, double now_ms) {
  if (!start_order(id, MoveKind::kRecall, now_ms)) return;
  Lane& lane = *moving_.back();
  lane.is_resident_wanted = true;
  lane.used = ++tick_;
  for (int32_t i = 0; i <= static_cast<int32_t>(lane.chain.size()); ++i) {
    if (Block* block = block_at(lane, i)) block->used = tick_;
  }
  pump_recall(lane);
  std::erase_if(moving_, [](const LanePtr& at) { return at->move.kind == MoveKind::kNone; });
}

// False: the order is over already. A lane with a run needs no order: the run brings its blocks and keeps them.
bool BlockPool::start_order(const std::string& id, MoveKind kind, double now_ms) {
  now_ms_ = now_ms;
  const LanePtr lane = find_lane(id);
  if (lane == nullptr || lane->runs > 0) {
    moved_events_.push_back({id, kind, 0, 0, 0, lane != nullptr});
    return false;
  }
  cancel_move(*lane);
  lane->move = {kind, ++move_id_, 0, 0, 0, now_ms};
  moving_.push_back(lane);
  return true;
}

void BlockPool::cancel_move(Lane& lane) {
  if (lane.move.kind == MoveKind::kNone) return;
  for (int32_t i = 0; i <= static_cast<int32_t>(lane.chain.size()); ++i) {
    Block* block = block_at(lane, i);
    const Slot* held = block == nullptr ? nullptr : slot_of(*block, Tier::kHbm);
    if (held != nullptr && held->job != nullptr && held->job->lane == lane.id) cancel_demotion(*block);
  }
  end_move(lane, true);
  std::erase_if(moving_, [&](const LanePtr& at) { return at.get() == &lane; });
}

void BlockPool::pump_moves(double now_ms) {
  now_ms_ = now_ms;
  apply_copies();
  for (const LanePtr& lane : moving_) {
    if (lane->move.kind == MoveKind::kDemote) pump_demotion(*lane);
    else if (lane->move.kind == MoveKind::kRecall) pump_recall(*lane);
  }
  std::erase_if(moving_, [](const LanePtr& at) { return at->move.kind == MoveKind::kNone; });
}

void BlockPool::cancel_moves() {
  for (const LanePtr& lane : std::vector(moving_)) cancel_move(*lane);
}

void BlockPool::pump_demotion(Lane& lane) {
  for (; lane.move.next >= 0; --lane.move.next) {
    Block* block = block_at(lane, lane.move.next);
    if (block == nullptr || !can_demote(*block)) continue;
    if (block->slots[1] >= 0) {
      remove_copy(*block, Tier::kHbm, false);
      ++counters_.demoted;
      ++lane.move.blocks;
      continue;
    }
    if (!copier_.has_room()) return;
    const int32_t to = try_take_dram_slot(key(*block), false);
    if (to >= 0) start_copy(*block, CopyWay::kOut, to, &lane);
  }
  if (lane.move.inflight == 0) end_move(lane, false);
}

void BlockPool::pump_recall(Lane& lane) {
  const auto end = static_cast<int32_t>(lane.chain.size());
  // Never at the cost of what is worth more, or of what was used since.
  const Key below{lane.value, lane.used, std::numeric_limits<int32_t>::max()};
  for (; lane.move.next <= end; ++lane.move.next) {
    Block* block = block_at(lane, lane.move.next);
    if (block == nullptr || block->slots[0] >= 0) continue;
    if (!copier_.has_room()) return;
    ++block->refs;  // so that making room does not take it
    const int32_t to = hbm_available() > 0 ? try_take_hbm_slot(false, &below) : -1;
    --block->refs;
    recount(*block);
    if (to < 0) lane.move.next = end;
    else start_copy(*block, CopyWay::kIn, to, &lane);
  }
  if (lane.move.inflight == 0) end_move(lane, false);
}

bool BlockPool::can_demote(const Block& block) const {
  if (!is_resident(block) || block.refs > 0 || has_job(block) || block.is_discarded || block.is_pinned[0]) return false;
  return std::none_of(block.lanes.begin(), block.lanes.end(), [](const Lane* lane) { return lane->is_resident_wanted; });
}

void BlockPool::start_copy(Block& block, CopyWay way, int32_t to, Lane* lane) {
  const Tier target = way == CopyWay::kOut ? Tier::kDram : Tier::kHbm;
  attach_slot(block, target, to, SlotState::kCopyingIn);
  const auto job = std::make_shared<CopyJob>();
  job->way = way;
  job->hbm_slot = block.slots[0];
  job->dram_slot = block.slots[1];
  job->to = bytes_at(target, to);
  job->from = way == CopyWay::kOut ? bytes_at(Tier::kHbm, block.slots[0]) : bytes_at(Tier::kDram, block.slots[1]);
  job->bytes = options_.block_bytes;
  if (lane != nullptr) {
    job->lane = lane->id;
    job->move = lane->move.id;
    ++lane->move.inflight;
  }
  slot(Tier::kHbm, job->hbm_slot).job = slot(Tier::kDram, job->dram_slot).job = job;
  settle(block);
  [[maybe_unused]] const bool is_pushed = copier_.try_push(job);
  assert(is_pushed);  // callers ask has_room() first, and nobody else pushes
}

void BlockPool::apply_copies() {
  for (const CopyJobPtr& job : copier_.take_done()) apply(job);
}

void BlockPool::apply(const CopyJobPtr& job) {
  Slot& hbm = slot(Tier::kHbm, job->hbm_slot);
  Slot& dram = slot(Tier::kDram, job->dram_slot);
  assert(hbm.job == job && dram.job == job && hbm.owner == dram.owner);  // nothing else frees a slot with a copy under way
  Block& block = *hbm.owner;
  hbm.job = dram.job = nullptr;
  settle(block);
  announce(block, job->way == CopyWay::kOut ? Tier::kDram : Tier::kHbm, true, false);

  bool is_moved = job->way == CopyWay::kIn;
  if (job->way == CopyWay::kIn) {
    ++counters_.recalled;
    const double speed = static_cast<double>(job->bytes) * 1000 / std::max(job->ms, 1e-6);
    counters_.recall_bytes_per_s = counters_.recall_bytes_per_s == 0 ? speed : 0.9 * counters_.recall_bytes_per_s + 0.1 * speed;
  }
  if (block.is_discarded) {
    block.is_discarded = false;
    recount(block);
    if (block.refs == 0 && block.lanes.empty() && block.first_child == nullptr) discard(block);
  } else if (job->way == CopyWay::kOut && !job->is_cancelled && can_demote(block)) {
    remove_copy(block, Tier::kHbm, false);
    ++counters_.demoted;
    is_moved = true;
  }
  const LanePtr lane = find_lane(job->lane);
  if (lane == nullptr || lane->move.kind == MoveKind::kNone || lane->move.id != job->move) return;
  --lane->move.inflight;
  if (is_moved) ++lane->move.blocks;
}

void BlockPool::end_move(Lane& lane, bool is_cancelled) {
  const Lane::Move& move = lane.move;
  moved_events_.push_back({lane.id, move.kind, move.blocks, static_cast<size_t>(move.blocks) * options_.block_bytes, now_ms_ - move.start_ms, is_cancelled});
  lane.move = {};
}

}  // namespace slackwater
