// Who may enter: the queue, admission in order of priority, and what leaves for a better one.
#include <algorithm>
#include <new>

#include "loop.h"

namespace slackwater {
namespace {

int32_t blocks_for(int32_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

/// The worst case of a run: the last sampled token's KV is not computed, so one position short of prompt + maxTokens.
int32_t blocks_for(const Run& run) { return blocks_for(run.prompt + run.request.max_tokens - 1); }

}  // namespace

void Loop::enqueue(RunRequest request, double submitted_ms) {
  auto run = std::make_unique<Run>(std::move(request), order_++);
  run->submitted_ms = submitted_ms;
  run->names = name_chain(run->request.salt, run->request.tokens);
  run->sequence.salt = run->request.salt;
  run->sequence.lane = pool_.lane(run->request.lane);
  ++run->sequence.lane->runs;
  pool_.cancel_move(*run->sequence.lane);
  waiting_.push_back(std::move(run));
}

void Loop::admit() {
  while (!waiting_.empty()) {
    const auto first = std::min_element(waiting_.begin(), waiting_.end(), [](const RunPtr& a, const RunPtr& b) { return a->is_before(*b); });
    const bool has_place = running_.size() < static_cast<size_t>(options_.running_max);
    if (!has_place || !try_admit(**first)) {
      // Nobody overtakes the first: a large run would wait for ever behind small ones.
      if (!try_preempt_for(**first, has_place)) return;
      continue;
    }
    if ((*first)->stage != Run::Stage::kEnded) running_.push_back(std::move(*first));
    waiting_.erase(first);
  }
}

// False: not now. A run that can never be admitted ends.
bool Loop::try_admit(Run& run) {
  try {
    return try_enter(run);
  } catch (const std::bad_alloc&) {
    if (run.stage == Run::Stage::kWaiting && run.sequence.blocks_max > 0) {  // the pool has it already
      run.stage = Run::Stage::kRecalling;
      count_waiting(-1);
    }
    end(run, Finish::kFailed, "no memory for a run of " + std::to_string(run.prompt) + " + maxTokens " + std::to_string(run.request.max_tokens) + " tokens");
    return true;
  }
}

bool Loop::try_enter(Run& run) {
  const int32_t blocks = blocks_for(run);
  const bool is_alone = running_.empty() && !pool_.is_moving() && copier_.is_idle();
  if (blocks <= pool_.hbm_blocks()) {
    const auto enter = [&](bool ignore_pins) { return pool_.try_admit(run.sequence, run.request.tokens, run.names, blocks, ignore_pins); };
    if (enter(false) || (is_alone && enter(true))) {
      if (run.admitted_ms < 0) run.admitted_ms = now_ms();
      run.stage = Run::Stage::kRecalling;
      count_waiting(-1);
      if (run.was_preempted) note_found(run);
      // All the memory the run will need, so that its iterations ask for none.
      const int32_t tokens_max = run.prompt + run.request.max_tokens;
      run.request.tokens.reserve(static_cast<size_t>(tokens_max));
      run.table.reserve(static_cast<size_t>(blocks));
      if (options_.is_speculating) run.drafter.reserve(tokens_max);
      return true;
    }
    if (!is_alone) return false;
  }
  end(run, Finish::kFailed, "prompt of " + std::to_string(run.prompt) + " + maxTokens " + std::to_string(run.request.max_tokens) + " needs " +
                                std::to_string(blocks) + " blocks; the arena has " + std::to_string(pool_.hbm_blocks()));
  return true;
}

// What the pool has for a run that comes back: up to where it was it is the run's own work, or counted already.
void Loop::note_found(Run& run) {
  const Sequence& sequence = run.sequence;
  for (size_t i = 0; i < sequence.blocks.size(); ++i) {
    const int32_t start = static_cast<int32_t>(i) * kBlockTokens, end = std::min(start + kBlockTokens, sequence.computed);
    // A partial block is a copy, in hbm wherever it came from.
    const bool is_recalled = end - start == kBlockTokens ? !pool_.is_resident(*sequence.blocks[i]) : sequence.recalled % kBlockTokens > 0;
    note_found(run, start, end, is_recalled);
  }
}

void Loop::note_found(Run& run, int32_t start, int32_t end, bool is_recalled) {
  const int32_t more = std::min(end, run.prompt) - std::max(start, run.computed);
  if (more > 0) (is_recalled ? run.recalled : run.hit) += more;
}

// Puts worse runs back into the queue, if `better` can enter then: the worst ones that will do, and no more of them.
bool Loop::try_preempt_for(const Run& better, bool has_place) {
  // A block is nobody's while it is copied: what the copier is about to free may do.
  if (has_place && !copier_.is_idle()) return false;
  std::vector<Run*>& worse = ordered_;
  worse.clear();
  for (const RunPtr& run : running_) {
    if (run->request.priority > better.request.priority && run->stage != Run::Stage::kEnded) worse.push_back(run.get());
  }
  if (worse.empty()) return false;
  std::sort(worse.begin(), worse.end(), [](const Run* a, const Run* b) { return b->is_before(*a); });
  const auto set_leaving = [](Run* run, bool is_leaving) { run->sequence.is_leaving = is_leaving; };
  const auto fits = [&] { return pool_.would_fit(better.sequence, better.request.tokens, better.names, blocks_for(better)); };
  for (Run* run : worse) set_leaving(run, true);
  if (!fits()) {
    for (Run* run : worse) set_leaving(run, false);
    return false;
  }
  // One after the other may stay, the best of them first; where all may, a place is missing, and the worst one's will do.
  for (size_t i = worse.size() - 1; i > 0; --i) {
    set_leaving(worse[i], false);
    if (!fits()) set_leaving(worse[i], true);
  }
  if (has_place && worse.size() > 1) {
    set_leaving(worse[0], false);
    if (!fits()) set_leaving(worse[0], true);
  }
  bool has_left = false;
  for (size_t at = running_.size(); at-- > 0;) {
    if (!running_[at]->sequence.is_leaving) continue;
    has_left = true;
    RunPtr run = std::move(running_[at]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
    run->sequence.is_leaving = false;
    preempt(std::move(run));
  }
  return has_left;
}

// Its blocks stay cached as its lane's, demoted if others need their place, and it goes on from there when its turn comes again.
void Loop::preempt(RunPtr run) {
  ++totals_.preempted;
  deliver(*run, true);  // else it would wait as long as the run does
  Sequence& sequence = run->sequence;
  if (run->is_started) {
    if (!run->was_preempted) {  // what the pool finds next time is the run's own work
      run->hit = sequence.hit;
      run->recalled = sequence.recalled;
    }
    run->was_preempted = true;
    run->computed = std::max(run->computed, sequence.computed);
  } else {  // it has waited all along
    run->admitted_ms = run->resident_ms = -1;
  }
  pool_.release(sequence);
  sequence.blocks_max = sequence.computed = sequence.hit = sequence.recalled = 0;
  sequence.is_resident = false;
  run->table.clear();
  run->names = name_chain(run->request.salt, run->request.tokens);
  run->stage = Run::Stage::kWaiting;
  count_waiting(1);
  waiting_.push_back(std::move(run));
}

void Loop::start_resident() {
  for (Run* run : by_priority(Run::Stage::kRecalling)) {
    if (!pool_.pump_resident(run->sequence)) continue;
    if (run->resident_ms < 0) run->resident_ms = run->sequence.recalled > 0 ? now_ms() : run->admitted_ms;
    run->stage = Run::Stage::kPrefill;
  }
}

const std::vector<Run*>& Loop::by_priority(Run::Stage stage) {
  ordered_.clear();
  for (const RunPtr& run : running_) {
    if (run->stage == stage) ordered_.push_back(run.get());
  }
  std::sort(ordered_.begin(), ordered_.end(), [](const Run* a, const Run* b) { return a->is_before(*b); });
  return ordered_;
}

}  // namespace slackwater
