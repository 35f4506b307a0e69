// One iteration: who may enter, which rows run, what came out.
#include <algorithm>
#include <new>
#include <tuple>

#include "loop.h"

namespace slackwater {
namespace {

constexpr double kDeltaMs = 25;  // tokens of a run are delivered at most this often, and at its end

int32_t blocks_for(int32_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

}  // namespace

void Loop::admit() {
  while (!waiting_.empty() && running_.size() < static_cast<size_t>(options_.running_max)) {
    const auto first = std::min_element(waiting_.begin(), waiting_.end(), [](const RunPtr& a, const RunPtr& b) {
      return std::tuple(a->request.priority, a->order) < std::tuple(b->request.priority, b->order);
    });
    // Nobody overtakes the first: a large run would wait for ever behind small ones.
    if (!try_admit(*first)) return;
    if ((*first)->stage != Run::Stage::kEnded) running_.push_back(std::move(*first));
    waiting_.erase(first);
  }
}

bool Loop::try_admit(RunPtr& run) {
  // The last sampled token's KV is not computed, so the worst case is one position short of prompt + maxTokens.
  const int32_t blocks = blocks_for(run->prompt_tokens() + run->request.max_tokens - 1);
  const bool is_alone = running_.empty() && !pool_.is_moving() && copier_.is_idle();
  if (blocks <= pool_.hbm_blocks()) {
    const bool is_admitted = pool_.try_admit(run->sequence, run->request.tokens, run->names, blocks, false) ||
                             (is_alone && pool_.try_admit(run->sequence, run->request.tokens, run->names, blocks, true));
    if (is_admitted) {
      run->admitted_ms = now_ms();
      run->stage = Run::Stage::kRecalling;
      left_queue(run->request.run, false);
      return true;
    }
    if (!is_alone) return false;
  }
  end(*run, Finish::kFailed, "prompt of " + std::to_string(run->prompt_tokens()) + " + maxTokens " + std::to_string(run->request.max_tokens) + " needs " +
                                 std::to_string(blocks) + " blocks; the arena has " + std::to_string(pool_.hbm_blocks()));
  return true;
}

void Loop::start_resident() {
  for (Run* run : by_priority(Run::Stage::kRecalling)) {
    if (!pool_.pump_resident(run->sequence)) continue;
    run->resident_ms = run->sequence.recalled > 0 ? now_ms() : run->admitted_ms;
    run->stage = Run::Stage::kPrefill;
  }
}

std::vector<Run*> Loop::by_priority(Run::Stage stage) {
  std::vector<Run*> runs;
  for (const RunPtr& run : running_) {
    if (run->stage == stage) runs.push_back(run.get());
  }
  std::sort(runs.begin(), runs.end(), [](const Run* a, const Run* b) {
    return std::tuple(a->request.priority, a->order) < std::tuple(b->request.priority, b->order);
  });
  return runs;
}

Loop::Plan Loop::compose() {
  Plan plan;
  for (Run* run : by_priority(Run::Stage::kDecode)) add_part(plan, *run, 1);
  // A full block that an earlier run is about to compute is waited for, not computed twice: siblings of a
  // fan-out that arrive together share their parent's prefix from its first block on.
  std::set<BlockName> claimed;
  for (Run* run : by_priority(Run::Stage::kPrefill)) {
    pool_.adopt(run->sequence, run->names, run->prompt_tokens() - 1);
    const int32_t budget = options_.iteration_tokens_max - static_cast<int32_t>(plan.tokens.size());
    const int32_t rows = std::min(budget, rows_until_claimed(*run, claimed));
    const auto at = static_cast<size_t>(run->sequence.computed / kBlockTokens);
    claimed.insert(run->names.begin() + static_cast<std::ptrdiff_t>(std::min(at, run->names.size())), run->names.end());
    if (rows > 0) add_part(plan, *run, rows);
  }
  return plan;
}

// 0 or less: the run waits, in the middle of a block perhaps, for an earlier run to complete it.
int32_t Loop::rows_until_claimed(const Run& run, const std::set<BlockName>& claimed) const {
  const int32_t end = run.prompt_tokens();
  const int32_t shareable = (end - 1) / kBlockTokens;  // the block of the last prompt token is computed by everyone
  for (int32_t block = run.sequence.computed / kBlockTokens; block < shareable; ++block) {
    if (claimed.contains(run.names[static_cast<size_t>(block)])) return block * kBlockTokens - run.sequence.computed;
  }
  return end - run.sequence.computed;
}

bool Loop::add_part(Plan& plan, Run& run, int32_t rows) {
  Sequence& sequence = run.sequence;
  if (!pool_.extend(sequence, rows)) {
    end(run, Finish::kFailed, "no block is left for a run that was promised " + std::to_string(sequence.blocks_max));
    return false;
  }
  const auto first = static_cast<int32_t>(plan.tokens.size());
  for (int32_t i = 0; i < rows; ++i) {
    const int32_t at = sequence.computed + i;
    const bool is_prompt = at < run.prompt_tokens();
    plan.tokens.push_back(is_prompt ? run.request.tokens[static_cast<size_t>(at)] : run.generated[static_cast<size_t>(at - run.prompt_tokens())]);
  }
  std::vector<int32_t> table;
  for (const Block* block : sequence.blocks) table.push_back(block->slots[0]);
  plan.tables.push_back(std::move(table));
  plan.views.push_back({plan.tables.back().data(), sequence.computed, rows, first});
  const bool is_sampled = sequence.computed + rows >= run.prompt_tokens();
  plan.parts.push_back({&run, rows, is_sampled ? static_cast<int32_t>(plan.logits_rows.size()) : -1, -1, {}});
  if (is_sampled) plan.logits_rows.push_back(first + rows - 1);

  if (!run.is_started) {
    run.is_started = true;
    const int32_t computed = run.prompt_tokens() - sequence.hit - sequence.recalled;
    fresh_.push_back(StartedEvent{run.request.run, sequence.hit, sequence.recalled, computed, run.admitted_ms - run.submitted_ms, run.resident_ms - run.admitted_ms});
  }
  return true;
}

double Loop::run_plan(Plan& plan, Status& status) {
  const auto vocab = static_cast<size_t>(backend_->shape().vocab);
  double ms = 0;
  try {
    logits_.resize(plan.logits_rows.size() * vocab);
    const Batch batch{plan.tokens.data(),      static_cast<int32_t>(plan.tokens.size()),      plan.views.data(), static_cast<int32_t>(plan.views.size()),
                      plan.logits_rows.data(), static_cast<int32_t>(plan.logits_rows.size()), logits_.data()};
    const double start = now_ms();
    status = backend_->run(batch, pool_.arena());
    ms = now_ms() - start;
    for (Plan::Part& part : plan.parts) {
      if (status == Status::kOk && part.logits_row >= 0) sample_token(part, std::span(logits_).subspan(static_cast<size_t>(part.logits_row) * vocab, vocab));
    }
  } catch (const std::bad_alloc&) {
    status = Status::kOutOfMemory;
  }
  return ms;
}

void Loop::sample_token(Plan::Part& part, std::span<const float> logits) {
  const Run& run = *part.run;
  part.token = sample(logits, run.request.sampling, run.prompt_tokens() + static_cast<int32_t>(run.generated.size()));
  if (part.token >= 0 && run.request.logprobs >= 0) part.ranked = logprobs(logits, part.token, run.request.logprobs);
}

void Loop::collect(Plan& plan, Status status, double ms) {
  measure(plan, ms);
  for (size_t i = 0; i < plan.parts.size(); ++i) {
    Plan::Part& part = plan.parts[i];
    Run* run = part.run;
    run->engine_ms += ms * part.rows / static_cast<double>(plan.tokens.size());
    if (status != Status::kOk) {
      end(*run, Finish::kFailed, "the backend refused an iteration: status " + std::to_string(static_cast<int32_t>(status)));
      continue;
    }
    const auto first = static_cast<size_t>(plan.views[i].first_row);
    pool_.commit(run->sequence, std::span(plan.tokens).subspan(first, static_cast<size_t>(part.rows)));
    if (part.logits_row < 0) continue;
    run->stage = Run::Stage::kDecode;
    accept_token(*run, part.token, std::move(part.ranked));
  }
}

void Loop::accept_token(Run& run, int32_t token, std::vector<RankedLogprob> ranked) {
  if (token < 0) return end(run, Finish::kFailed, "no logit is finite at position " + std::to_string(run.prompt_tokens() + static_cast<int32_t>(run.generated.size())));
  if (run.first_token_ms < 0) run.first_token_ms = now_ms();
  run.generated.push_back(token);
  run.delta.tokens.push_back(token);
  ++totals_.generated_tokens;
  if (!ranked.empty()) run.delta.logprobs.push_back({token, ranked[0].logprob, {ranked.begin() + 1, ranked.end()}});
  const bool is_eos = std::find(vocab_.eos_tokens.begin(), vocab_.eos_tokens.end(), token) != vocab_.eos_tokens.end();
  const bool is_text = static_cast<size_t>(token) < vocab_.bytes.size() && vocab_.is_special[static_cast<size_t>(token)] == 0;
  if (is_eos || (is_text && run.stops.append(vocab_.bytes[static_cast<size_t>(token)]))) return end(run, Finish::kStop);
  if (static_cast<int32_t>(run.generated.size()) >= run.request.max_tokens) return end(run, Finish::kLength);
  deliver(run, false);
}

void Loop::deliver(Run& run, bool is_forced) {
  const double now = now_ms();
  if (run.delta.tokens.empty() || (!is_forced && now - run.delivered_ms < kDeltaMs)) return;
  run.delivered_ms = now;
  const auto offset = static_cast<int32_t>(run.generated.size());
  fresh_.push_back(std::exchange(run.delta, DeltaEvent{run.request.run, offset, {}, {}, run.request.logprobs >= 0}));
}

void Loop::end(Run& run, Finish finish, std::string message) {
  if (run.stage == Run::Stage::kEnded) return;
  deliver(run, true);
  const Sequence& sequence = run.sequence;
  const double now = now_ms();
  const bool is_admitted = run.stage != Run::Stage::kWaiting;
  // Less than the rest of the prompt when the run ended before its prefill did.
  const int32_t computed = is_admitted ? std::min(sequence.computed, run.prompt_tokens()) - sequence.hit - sequence.recalled : 0;
  std::vector<BlockName> chain;
  for (int32_t i = 0; is_admitted && i < sequence.computed / kBlockTokens && sequence.blocks[i]->is_named; ++i) chain.push_back(sequence.blocks[i]->name);
  totals_.prompt_tokens += static_cast<uint64_t>(run.is_started ? run.prompt_tokens() : 0);
  fresh_.push_back(EndedEvent{run.request.run, finish, std::move(message), static_cast<int32_t>(run.generated.size()), sequence.hit, sequence.recalled, computed,
                              (is_admitted ? run.admitted_ms : now) - run.submitted_ms, run.resident_ms < 0 ? 0 : run.resident_ms - run.admitted_ms,
                              run.first_token_ms < 0 ? 0 : run.first_token_ms - run.submitted_ms, now - run.submitted_ms, run.engine_ms, std::move(chain)});
  run.stage = Run::Stage::kEnded;
  if (is_admitted) pool_.release(run.sequence);
  else left_queue(run.request.run, false);
  --run.sequence.lane->runs;
  left_queue(run.request.run, true);
}

bool Loop::reap() {
  const auto is_over = [](const RunPtr& run) { return run->stage == Run::Stage::kEnded; };
  return std::erase_if(waiting_, is_over) + std::erase_if(running_, is_over) > 0;
}

// A mixed iteration counts as prefill: its time is the prefill's, the few decode rows ride along.
void Loop::measure(const Plan& plan, double ms) {
  ++totals_.iterations;
  totals_.busy_ms += ms;
  bool has_prefill = false;
  for (const auto& part : plan.parts) has_prefill |= part.run->stage == Run::Stage::kPrefill;
  Speed& speed = has_prefill ? prefill_speed_ : decode_speed_;
  speed.tokens = 0.9 * speed.tokens + static_cast<double>(plan.tokens.size());
  speed.ms = 0.9 * speed.ms + ms;
}

}  // namespace slackwater
