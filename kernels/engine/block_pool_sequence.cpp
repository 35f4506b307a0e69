// Sequences: finding a prompt's prefix, growing, naming full blocks, giving back.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "block_pool.h"

namespace slackwater {

// Into wanted_: what the pool has of the prompt and the sequence would use as it is. Returns the partial block behind it, if any.
BlockPool::Partial BlockPool::find_held(const Sequence& sequence, std::span<const int32_t> prompt, std::span<const BlockName> names) {
  assert(sequence.blocks.empty() && !prompt.empty());
  wanted_.clear();
  // The last prompt token is always computed: its row is what the first token is sampled from.
  const size_t usable = prompt.size() - 1;
  Block* parent = find_root(sequence.salt);
  for (size_t i = 0; i < usable / kBlockTokens; ++i) {
    Block* const known = index_.find(names[i]);
    if (known == nullptr) break;
    wanted_.push_back(parent = known);
  }
  const size_t full = wanted_.size() * kBlockTokens;
  const Partial partial = find_partial(sequence, parent, prompt.subspan(full, std::min<size_t>(usable - full, kBlockTokens)));
  if (partial.block != nullptr && can_take_in_place(sequence, *partial.block)) wanted_.push_back(partial.block);
  return partial;
}

// Counted with the references taken, and with demotions under way left alone until the answer is known.
bool BlockPool::fits_beside_held(int32_t blocks_max, bool ignore_pins) {
  for (Block* block : wanted_) ++block->refs, recount(*block);
  const auto held = std::count_if(wanted_.begin(), wanted_.end(), [](const Block* block) { return block->slots[0] >= 0; });
  const bool fits = hbm_available(ignore_pins) >= blocks_max - held;
  for (Block* block : wanted_) --block->refs, recount(*block);
  return fits;
}

bool BlockPool::try_admit(Sequence& sequence, std::span<const int32_t> prompt, std::span<const BlockName> names, int32_t blocks_max, bool ignore_pins) {
  const Partial partial = find_held(sequence, prompt, names);
  if (!fits_beside_held(blocks_max, ignore_pins)) return false;
  const bool is_in_place = !wanted_.empty() && wanted_.back() == partial.block;
  if (is_in_place) wanted_.pop_back();

  sequence.blocks.reserve(static_cast<size_t>(blocks_max));
  sequences_.push_back(&sequence);
  sequence.blocks_max = blocks_max;
  sequence.blocks.assign(wanted_.begin(), wanted_.end());
  for (Block* block : sequence.blocks) {
    ref(*block);
    (is_resident(*block) ? sequence.hit : sequence.recalled) += kBlockTokens;
  }
  sequence.computed = static_cast<int32_t>(sequence.blocks.size()) * kBlockTokens;
  if (is_in_place) take_in_place(sequence, partial);
  else if (partial.block != nullptr) copy_partial(sequence, partial);
  touch(sequence);
  return true;
}

bool BlockPool::would_fit(const Sequence& sequence, std::span<const int32_t> prompt, std::span<const BlockName> names, int32_t blocks_max) {
  find_held(sequence, prompt, names);
  count_leaving(-1);
  const bool fits = fits_beside_held(blocks_max, false);
  count_leaving(1);
  return fits;
}

// References of the leaving sequences, but for blocks that their lanes' pins will hold.
void BlockPool::count_leaving(int32_t change) {
  for (const Sequence* sequence : sequences_) {
    if (!sequence->is_leaving) continue;
    const Lane* lane = sequence->lane != nullptr && !sequence->lane->is_dropped ? sequence->lane.get() : nullptr;
    for (Block* block : sequence->blocks) {
      const bool is_held = lane != nullptr && block->count > 0 && (lane->pin == Tier::kHbm || (lane->pin.has_value() && block->slots[1] < 0));
      if (is_held) continue;
      block->refs += change;
      recount(*block);
    }
  }
}

bool BlockPool::pump_resident(Sequence& sequence) {
  bool is_ready = true;
  for (Block* block : sequence.blocks) {
    if (is_resident(*block)) continue;
    is_ready = false;
    if (block->slots[0] >= 0) continue;  // on its way
    if (!copier_.has_room()) break;
    const int32_t to = take_hbm_slot();
    if (to < 0) break;
    start_copy(*block, CopyWay::kIn, to, nullptr);
  }
  sequence.is_resident = is_ready;
  return is_ready;
}

bool BlockPool::extend(Sequence& sequence, int32_t rows) {
  const auto want = static_cast<size_t>((sequence.computed + rows + kBlockTokens - 1) / kBlockTokens);
  while (sequence.blocks.size() < want) {
    const int32_t at = take_hbm_slot();
    if (at < 0) return false;
    Block* block = new_block(sequence.blocks.empty() ? root(sequence.salt) : sequence.blocks.back());
    attach_slot(*block, Tier::kHbm, at, SlotState::kActive);
    block->refs = 1;
    recount(*block);
    block->used = tick_;
    sequence.blocks.push_back(block);
  }
  return true;
}

void BlockPool::commit(Sequence& sequence, std::span<const int32_t> tokens) {
  for (const int32_t token : tokens) {
    const auto at = static_cast<size_t>(sequence.computed / kBlockTokens);
    Block& block = *sequence.blocks[at];
    assert(!block.is_named && block.refs == 1);
    block.tokens[static_cast<size_t>(sequence.computed % kBlockTokens)] = token;
    block.count = sequence.computed % kBlockTokens + 1;
    ++sequence.computed;
    if (block.count < kBlockTokens) continue;

    const BlockName name = name_block(sequence.salt, block.parent->name, block.tokens.data());
    if (Block* const existing = index_.find(name)) {
      share_named(sequence, at, *existing);
      continue;
    }
    block.name = name;
    block.is_named = true;
    index_.insert(name, &block);
    announce(block, Tier::kHbm, true, false);
  }
}

void BlockPool::adopt(Sequence& sequence, std::span<const BlockName> names, int32_t tokens_max) {
  while (true) {
    const auto block = static_cast<size_t>(sequence.computed / kBlockTokens);
    const auto end = static_cast<int32_t>(block + 1) * kBlockTokens;
    if (end > tokens_max) break;
    Block* const known = index_.find(names[block]);
    if (known == nullptr || !is_resident(*known)) break;
    ref(*known);
    known->used = tick_;
    if (block < sequence.blocks.size()) {  // begun here, completed elsewhere
      Block& ours = *std::exchange(sequence.blocks[block], known);
      unref(ours);
      discard(ours);
    } else {
      sequence.blocks.push_back(known);
    }
    sequence.hit += end - sequence.computed;
    sequence.computed = end;
  }
}

void BlockPool::release(Sequence& sequence) {
  std::erase(sequences_, &sequence);
  touch(sequence);
  for (Block* block : sequence.blocks) unref(*block);
  if (sequence.lane != nullptr && !sequence.lane->is_dropped) bind(*sequence.lane, sequence);
  for (auto at = sequence.blocks.rbegin(); at != sequence.blocks.rend(); ++at) {
    if (!(*at)->is_named && (*at)->lanes.empty()) discard(**at);
  }
  sequence.blocks.clear();
}

void BlockPool::touch(Sequence& sequence) {
  ++tick_;
  for (Block* block : sequence.blocks) block->used = tick_;
  if (sequence.lane != nullptr) sequence.lane->used = tick_;
}

BlockPool::Partial BlockPool::find_partial(const Sequence& sequence, const Block* parent, std::span<const int32_t> tokens) const {
  Partial best;
  if (parent == nullptr) return best;
  for (Block* child = parent->first_child; child != nullptr; child = child->next_sibling) {
    if (child->is_discarded) continue;
    const auto limit = std::min<size_t>(tokens.size(), static_cast<size_t>(child->count));
    const auto same = std::mismatch(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(limit), child->tokens.begin()).first;
    const auto length = static_cast<int32_t>(same - tokens.begin());
    if (length > best.tokens || (length > 0 && length == best.tokens && can_take_in_place(sequence, *child))) best = {child, length};
  }
  return best;
}

// Written in place only when nobody else reads it: no sequence, no other lane, no copy under way.
bool BlockPool::can_take_in_place(const Sequence& sequence, const Block& block) const {
  return !block.is_named && block.refs == 0 && sequence.lane != nullptr && sequence.lane->tail == &block && is_resident(block) && !has_job(block);
}

void BlockPool::take_in_place(Sequence& sequence, const Partial& partial) {
  Block& block = *partial.block;
  sequence.lane->tail = nullptr;
  remove_lane(block, *sequence.lane);
  ref(block);
  if (block.slots[static_cast<size_t>(Tier::kDram)] >= 0) remove_copy(block, Tier::kDram, false);  // about to be out of date
  block.count = partial.tokens;
  sequence.blocks.push_back(&block);
  sequence.computed += partial.tokens;
  sequence.hit += partial.tokens;
}

void BlockPool::copy_partial(Sequence& sequence, const Partial& partial) {
  Block& source = *partial.block;
  ++source.refs;  // so that making room does not take it
  const int32_t at = try_take_hbm_slot(false, nullptr);
  --source.refs;
  recount(source);
  if (at < 0) return;  // the tokens are computed instead
  const bool was_resident = is_resident(source);
  Block* block = new_block(source.parent);
  attach_slot(*block, Tier::kHbm, at, SlotState::kActive);
  block->refs = 1;
  recount(*block);
  block->count = partial.tokens;
  std::copy_n(source.tokens.begin(), partial.tokens, block->tokens.begin());
  std::memcpy(bytes_at(Tier::kHbm, at), readable_bytes(source), options_.block_bytes);
  sequence.blocks.push_back(block);
  sequence.computed += partial.tokens;
  (was_resident ? sequence.hit : sequence.recalled) += partial.tokens;
  if (!was_resident) ++counters_.recalled;
  if (sequence.lane != nullptr && sequence.lane->tail == &source) {  // the copy takes its place
    sequence.lane->tail = nullptr;
    remove_lane(source, *sequence.lane);
    if (source.refs == 0) discard(source);
  }
}

const std::byte* BlockPool::readable_bytes(const Block& block) {
  const Tier tier = is_resident(block) ? Tier::kHbm : Tier::kDram;
  return bytes_at(tier, block.slots[static_cast<size_t>(tier)]);
}

// Two sequences computed the same block: the bytes are the same, so one of the two is enough.
void BlockPool::share_named(Sequence& sequence, size_t at, Block& existing) {
  Block& ours = *sequence.blocks[at];
  if (existing.slots[0] >= 0 && !is_resident(existing)) {
    copier_.wait_idle();
    apply_copies();
  }
  while (Block* child = ours.first_child) {
    leave_parent(*child);
    join_parent(*child, existing);
  }
  sequence.blocks[at] = &existing;
  existing.used = tick_;
  if (is_resident(existing)) {
    ref(existing);
    unref(ours);
    discard(ours);
    return;
  }
  const int32_t taken = ours.slots[0];
  slot(Tier::kHbm, taken).owner = nullptr;
  ours.slots[0] = -1;
  ours.refs = 0;
  recount(ours);
  erase_block(ours);
  attach_slot(existing, Tier::kHbm, taken, SlotState::kActive);
  ref(existing);
  announce(existing, Tier::kHbm, true, false);
}

}  // namespace slackwater
