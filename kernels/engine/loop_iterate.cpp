// One iteration: which rows run, what came out.
#include <algorithm>
#include <new>

#include "loop.h"

namespace slackwater {
namespace {

constexpr double kDeltaMs = 25;  // tokens of a run are delivered at most this often, and at its end

StepLoad decode_load(int32_t computed) { return {1, attended_pairs(computed, 1), 1}; }

}  // namespace

void Loop::Plan::clear() {
  parts.clear();
  tokens.clear();
  logits_rows.clear();
  views.clear();
  sampled.clear();
  ranked.clear();
  load = {};
}

void Loop::compose() {
  plan_.clear();
  add_decode_rows();
  add_prefill_chunks();
}

void Loop::add_decode_rows() {
  const std::vector<Run*>& runs = by_priority(Run::Stage::kDecode);
  StepLoad load;
  for (const Run* run : runs) load += decode_load(run->sequence.computed);
  const auto count = static_cast<int32_t>(runs.size());
  const double token_ms = steps_.is_ready() && count > 0 ? steps_.predict_ms(load) / count : 0;
  const bool has_prefill = std::any_of(running_.begin(), running_.end(), [](const RunPtr& run) { return run->stage == Run::Stage::kPrefill; });
  // Guesses leave a block to whoever prefills: else they would take all of a small iteration, one after the other.
  const int32_t others = count + (has_prefill ? kBlockTokens : 0);
  int32_t rows_left = std::max(0, std::min(kGuessesMax, options_.iteration_tokens_max - others));
  for (Run* run : runs) {
    Drafter::Draft draft;
    const int32_t drafted = choose_draft(*run, token_ms, rows_left, draft);
    rows_left -= drafted;
    add_part(*run, 1 + drafted, drafted, draft);
  }
}

int32_t Loop::choose_draft(Run& run, double token_ms, int32_t rows_left, Drafter::Draft& draft) {
  // The token after the last guess is sampled too, and must still be wanted.
  const int32_t most = std::min({Drafter::kDraftMax, rows_left, run.request.max_tokens - run.generated() - 1});
  if (!options_.is_speculating || most < 1) return 0;
  const double row_ms = token_ms > 0 ? steps_.extra_ms(decode_load(run.sequence.computed + 1)) : 0;
  if (token_ms > 0 && row_ms >= token_ms) return 0;  // not even a sure guess pays
  draft = run.drafter.find(run.request.tokens);
  return speculation_.choose(run.guesses, draft.match, row_ms, token_ms, most);
}

void Loop::add_prefill_chunks() {
  // A full block that an earlier run is about to compute is waited for, not computed twice: siblings of a
  // fan-out that arrive together share their parent's prefix from its first block on.
  claimed_.clear();
  bool is_first = true;
  for (Run* run : by_priority(Run::Stage::kPrefill)) {
    run->table.resize(std::min(run->table.size(), static_cast<size_t>(run->sequence.computed / kBlockTokens)));
    const int32_t before = run->sequence.computed;
    pool_.adopt(run->sequence, run->names, run->known() - 1);
    if (run->was_preempted) note_found(*run, before, run->sequence.computed, false);
    const int32_t rows = chunk_rows(*run, rows_until_claimed(*run), is_first);
    for (auto at = static_cast<size_t>(run->sequence.computed / kBlockTokens); at < run->names.size(); ++at) claimed_.insert(run->names[at]);
    if (rows > 0 && add_part(*run, rows)) is_first = false;
  }
}

// 0 or less: the run waits, in the middle of a block perhaps, for an earlier run to complete it.
int32_t Loop::rows_until_claimed(const Run& run) const {
  const int32_t end = run.known();
  const int32_t shareable = (end - 1) / kBlockTokens;  // the block of the last prompt token is computed by everyone
  for (int32_t block = run.sequence.computed / kBlockTokens; block < shareable; ++block) {
    if (claimed_.contains(run.names[static_cast<size_t>(block)])) return block * kBlockTokens - run.sequence.computed;
  }
  return end - run.sequence.computed;
}

// Of the `wanted` rows, those of this iteration: what is left of its tokens and, when others decode in it, of its time, cut at
// the last edge of a block. The first prefill always gets on: to the edge of a block, or by what the decoding runs' certain rows
// leave of the tokens.
int32_t Loop::chunk_rows(const Run& run, int32_t wanted, bool is_first) const {
  const int32_t start = run.sequence.computed;
  int32_t rows = std::min(wanted, options_.iteration_tokens_max - static_cast<int32_t>(plan_.tokens.size()));
  if (rows <= 0) return 0;
  if (!plan_.logits_rows.empty() && steps_.is_ready()) {
    const int32_t in_time = steps_.rows_within(options_.iteration_ms_max - steps_.predict_ms(plan_.load), start, rows);
    rows = std::min(rows, std::max(in_time, is_first ? kBlockTokens - start % kBlockTokens : 0));
  }
  if (rows == wanted) return rows;
  const int32_t to_edge = (start + rows) / kBlockTokens * kBlockTokens - start;
  return to_edge > 0 ? to_edge : is_first ? rows : 0;
}

bool Loop::add_part(Run& run, int32_t rows, int32_t drafted, const Drafter::Draft& draft) {
  Sequence& sequence = run.sequence;
  if (!pool_.extend(sequence, rows)) {
    end(run, Finish::kFailed, "no block is left for a run that was promised " + std::to_string(sequence.blocks_max));
    return false;
  }
  const std::vector<int32_t>& tokens = run.request.tokens;
  const auto first = static_cast<int32_t>(plan_.tokens.size());
  const auto known = tokens.begin() + sequence.computed;
  plan_.tokens.insert(plan_.tokens.end(), known, known + (rows - drafted));
  for (int32_t i = 0; i < drafted; ++i) plan_.tokens.push_back(Drafter::token_at(tokens, draft, i));
  for (size_t at = run.table.size(); at < sequence.blocks.size(); ++at) run.table.push_back(sequence.blocks[at]->slots[0]);
  plan_.views.push_back({run.table.data(), sequence.computed, rows, first});

  const bool is_sampled = sequence.computed + rows - drafted == run.known();
  plan_.parts.push_back({&run, rows, drafted, draft.match, is_sampled ? static_cast<int32_t>(plan_.logits_rows.size()) : -1, 0, 0});
  if (is_sampled) {
    for (int32_t row = first + rows - drafted - 1; row < first + rows; ++row) plan_.logits_rows.push_back(row);
  }
  plan_.load += {static_cast<double>(rows), attended_pairs(sequence.computed, rows), is_sampled ? 1.0 + drafted : 0.0};
  if (!run.is_started) tell_started(run);
  return true;
}

void Loop::tell_started(Run& run) {
  run.is_started = true;
  const Sequence& sequence = run.sequence;
  outbox_.put_started({run.request.run, sequence.hit, sequence.recalled, run.prompt - sequence.hit - sequence.recalled, run.admitted_ms - run.submitted_ms,
                       run.resident_ms - run.admitted_ms});
}

double Loop::run_plan(Status& status) {
  double ms = 0;
  try {
    logits_.reserve(plan_.logits_rows.size() * static_cast<size_t>(backend_->shape().vocab));
    const Batch batch{plan_.tokens.data(),      static_cast<int32_t>(plan_.tokens.size()),      plan_.views.data(), static_cast<int32_t>(plan_.views.size()),
                      plan_.logits_rows.data(), static_cast<int32_t>(plan_.logits_rows.size()), logits_.data()};
    const double start = now_ms();
    status = backend_->run(batch, pool_.arena());
    ms = now_ms() - start;
    const double sampling_start = profile_ == nullptr ? 0 : now_ms();
    for (Plan::Part& part : plan_.parts) {
      if (status == Status::kOk && part.logits_row >= 0) sample_part(part);
    }
    if (profile_ != nullptr) {
      sampling_ms_ = now_ms() - sampling_start;
      profile_->add(ProfileOp::kSampling, sampling_ms_, 0, static_cast<double>(plan_.sampled.size()) * backend_->shape().vocab * sizeof(float));
    }
  } catch (const std::bad_alloc&) {
    status = Status::kOutOfMemory;
  }
  return ms;
}

// A guess that is the very token sampled for its place has the right row behind it: exactly what would have come one by one.
void Loop::sample_part(Plan::Part& part) {
  const Run& run = *part.run;
  const auto vocab = static_cast<size_t>(backend_->shape().vocab);
  const auto guesses = plan_.tokens.begin() + plan_.logits_rows[static_cast<size_t>(part.logits_row)] + 1;
  part.first_sampled = plan_.sampled.size();
  for (int32_t i = 0; i <= part.drafted; ++i) {
    const std::span<const float> logits(logits_.data() + static_cast<size_t>(part.logits_row + i) * vocab, vocab);
    const int32_t token = sample(logits, run.request.sampling, run.known() + i, candidates_);
    plan_.sampled.push_back(token);
    ++part.sampled;
    if (run.request.logprobs >= 0) {
      TokenLogprob told{token, 0, {}};
      if (token >= 0) {
        told.top = logprobs(logits, token, run.request.logprobs);
        told.logprob = told.top[0].logprob;
        told.top.erase(told.top.begin());
      }
      plan_.ranked.push_back(std::move(told));
    }
    if (token < 0 || i == part.drafted || token != guesses[i]) return;
  }
}

void Loop::collect(Status status, double ms) {
  const uint64_t before = totals_.generated_tokens;
  bool has_prefill = false;
  size_t ranked = 0;
  for (const Plan::Part& part : plan_.parts) {
    Run* run = part.run;
    has_prefill |= run->stage == Run::Stage::kPrefill;
    run->engine_ms += ms * part.rows / static_cast<double>(plan_.tokens.size());
    if (status == Status::kOk) collect_part(part, ranked);
    else end(*run, Finish::kFailed, "the backend refused an iteration: status " + std::to_string(static_cast<int32_t>(status)));
  }
  ++totals_.iterations;
  totals_.busy_ms += ms;
  if (status != Status::kOk) return;
  steps_.add(plan_.load, ms);
  // A mixed iteration counts as prefill: its time is the prefill's, the few decode rows ride along.
  if (has_prefill) prefill_speed_.add(static_cast<double>(plan_.tokens.size()), ms);
  else decode_speed_.add(static_cast<double>(totals_.generated_tokens - before), ms);
}

void Loop::collect_part(const Plan::Part& part, size_t& ranked) {
  Run& run = *part.run;
  Sequence& sequence = run.sequence;
  const auto row = plan_.tokens.begin() + plan_.views[static_cast<size_t>(&part - plan_.parts.data())].first_row;
  const int32_t certain = part.rows - part.drafted;
  run.table.resize(static_cast<size_t>(sequence.computed / kBlockTokens));  // later blocks may be replaced by equal ones
  pool_.commit(sequence, {row, row + certain});
  if (part.logits_row < 0) return;
  run.stage = Run::Stage::kDecode;
  for (int32_t i = 0; i < part.sampled; ++i) {
    TokenLogprob* told = run.request.logprobs >= 0 ? &plan_.ranked[ranked + static_cast<size_t>(i)] : nullptr;
    // The KV of a right guess is settled once its token is: what follows the last one sampled never is, and is written over.
    if (i > 0) pool_.commit(sequence, {row + certain + i - 1, row + certain + i});
    accept_token(run, plan_.sampled[part.first_sampled + static_cast<size_t>(i)], told);
    if (run.stage == Run::Stage::kEnded) break;
  }
  if (run.stage != Run::Stage::kEnded) deliver(run, false);  // all of the iteration's at once
  if (run.request.logprobs >= 0) ranked += static_cast<size_t>(part.sampled);
  if (part.drafted == 0) return;
  speculation_.note(run.guesses, part.match, part.sampled - 1, part.drafted);
  totals_.drafted_tokens += static_cast<uint64_t>(part.drafted);
  totals_.accepted_tokens += static_cast<uint64_t>(part.sampled - 1);
}

void Loop::accept_token(Run& run, int32_t token, TokenLogprob* ranked) {
  if (token < 0) return end(run, Finish::kFailed, "no logit is finite at position " + std::to_string(run.known()));
  if (run.first_token_ms < 0) run.first_token_ms = now_ms();
  run.request.tokens.push_back(token);
  ++totals_.generated_tokens;
  if (ranked != nullptr) run.logprobs.push_back(std::move(*ranked));
  const bool is_eos = std::find(vocab_.eos_tokens.begin(), vocab_.eos_tokens.end(), token) != vocab_.eos_tokens.end();
  const bool is_text = static_cast<size_t>(token) < vocab_.bytes.size() && vocab_.is_special[static_cast<size_t>(token)] == 0;
  if (is_eos || (is_text && run.stops.append(vocab_.bytes[static_cast<size_t>(token)]))) return end(run, Finish::kStop);
  if (run.generated() >= run.request.max_tokens) {
    const int32_t context = backend_->shape().context_length;
    return end(run, Finish::kLength, run.known() < context ? "" : "the context of " + std::to_string(context) + " tokens is full");
  }
}

void Loop::deliver(Run& run, bool is_forced) {
  const int32_t count = run.generated() - run.delivered;
  if (count == 0) return;
  const double now = now_ms();
  if (!is_forced && now - run.delivered_ms < kDeltaMs) return;
  run.delivered_ms = now;
  outbox_.put_tokens(run.request.run, run.delivered, std::span<const int32_t>(run.request.tokens).last(static_cast<size_t>(count)), run.logprobs, run.request.logprobs >= 0);
  run.delivered += count;
}

void Loop::end(Run& run, Finish finish, std::string message) {
  if (run.stage == Run::Stage::kEnded) return;
  deliver(run, true);
  const Sequence& sequence = run.sequence;
  const double now = now_ms();
  const bool is_admitted = run.stage != Run::Stage::kWaiting;
  const bool was_preempted = run.was_preempted;
  const int32_t hit = was_preempted ? run.hit : sequence.hit, recalled = was_preempted ? run.recalled : sequence.recalled;
  // Less than the rest of the prompt when the run ended before its prefill did.
  const int32_t computed = std::max(0, std::min(std::max(run.computed, sequence.computed), run.prompt) - hit - recalled);
  std::vector<BlockName> chain;
  for (int32_t i = 0; is_admitted && i < sequence.computed / kBlockTokens && sequence.blocks[i]->is_named; ++i) chain.push_back(sequence.blocks[i]->name);
  for (size_t i = 0; !is_admitted && was_preempted && i < run.names.size() && pool_.find_block(run.names[i]) != nullptr; ++i) chain.push_back(run.names[i]);
  totals_.prompt_tokens += static_cast<uint64_t>(run.is_started ? run.prompt : 0);
  outbox_.put_ended(EndedEvent{run.request.run, finish, std::move(message), run.generated(), hit, recalled, computed,
                               (run.admitted_ms < 0 ? now : run.admitted_ms) - run.submitted_ms, run.resident_ms < 0 ? 0 : run.resident_ms - run.admitted_ms,
                               run.first_token_ms < 0 ? 0 : run.first_token_ms - run.submitted_ms, now - run.submitted_ms, run.engine_ms, std::move(chain)});
  run.stage = Run::Stage::kEnded;
  if (is_admitted) pool_.release(run.sequence);
  else count_waiting(-1);
  --run.sequence.lane->runs;
  forget_run(run.request.run);
}

bool Loop::reap() {
  const auto is_over = [](const RunPtr& run) { return run->stage == Run::Stage::kEnded; };
  return std::erase_if(waiting_, is_over) + std::erase_if(running_, is_over) > 0;
}

}  // namespace slackwater
