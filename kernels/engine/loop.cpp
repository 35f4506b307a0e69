// The loop's thread and its two doors: commands in, events out.
#include "loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace slackwater {

Loop::Loop(std::unique_ptr<Backend> backend, Vocab vocab, const LoopOptions& options, std::function<void()> on_events)
    : backend_(std::move(backend)),
      vocab_(std::move(vocab)),
      options_(options),
      on_events_(std::move(on_events)),
      copier_([this] { signal(); }),
      pool_({backend_->block_bytes(), options.hbm_blocks, options.dram_blocks, options.lanes_max}, copier_) {
  keep_stats();
  thread_ = std::thread([this] { work(); });
}

Loop::~Loop() {
  stop();
  join();
}

void Loop::work() {
  bool was_busy = false;
  while (wait_for_work(was_busy)) {
    std::unique_lock lock(state_mutex_);
    drain_commands();
    pool_.pump_moves(now_ms());
    admit();
    start_resident();
    Plan plan = compose();
    was_busy = !plan.parts.empty();
    if (was_busy) {
      Status status;
      lock.unlock();  // Others may look at the pool meanwhile; only this thread changes it.
      const double ms = run_plan(plan, status);
      lock.lock();
      collect(plan, status, ms);
    }
    was_busy |= reap();
    if (options_.check_each_iteration) {
      if (const std::string broken = pool_.check_integrity(); !broken.empty()) {
        std::fprintf(stderr, "block pool: %s\n", broken.c_str());
        std::abort();
      }
    }
    lock.unlock();
    keep_stats();
    publish();
  }
  {
    std::lock_guard lock(state_mutex_);
    drain_commands();
    for (auto* runs : {&waiting_, &running_}) {
      for (const RunPtr& run : *runs) end(*run, Finish::kCancelled);
    }
    reap();
    pool_.cancel_moves();
  }
  copier_.stop();
  keep_stats();
  publish();
  if (on_stopped_) on_stopped_();
}

bool Loop::wait_for_work(bool was_busy) {
  std::unique_lock lock(signal_mutex_);
  if (!was_busy) signal_.wait(lock, [this] { return is_signalled_ || is_stopping_; });
  is_signalled_ = false;
  return !is_stopping_;
}

void Loop::signal() {
  {
    std::lock_guard lock(signal_mutex_);
    is_signalled_ = true;
  }
  signal_.notify_one();
}

bool Loop::post(Command command, bool is_bounded) {
  {
    std::lock_guard lock(signal_mutex_);
    if (is_stopping_) return true;  // nothing is left to order
    if (is_bounded && commands_.size() >= kCommandsMax) return false;
    commands_.push_back(std::move(command));
    is_signalled_ = true;
  }
  signal_.notify_one();
  return true;
}

void Loop::drain_commands() {
  std::vector<Command> commands;
  {
    std::lock_guard lock(signal_mutex_);
    commands.swap(commands_);
  }
  for (const Command& command : commands) command();
}

void Loop::submit(RunRequest request, Error& error) {
  const ModelShape& shape = backend_->shape();
  const auto prompt = static_cast<int64_t>(request.tokens.size());
  const auto text = [](auto... parts) {
    std::string joined;
    ((joined += parts), ...);
    return joined;
  };
  if (prompt == 0) return error.set("bad_argument", "a prompt needs at least one token");
  if (request.max_tokens < 1) return error.set("bad_argument", text("maxTokens is ", std::to_string(request.max_tokens), ", at least 1 is needed"));
  if (prompt + 1 > shape.context_length) {
    return error.set("context_length", text("prompt of ", std::to_string(prompt), " tokens; the context takes ", std::to_string(shape.context_length), " with at least 1 generated"));
  }
  for (size_t i = 0; i < request.tokens.size(); ++i) {
    if (request.tokens[i] >= 0 && request.tokens[i] < shape.vocab) continue;
    return error.set("token_range", text("token ", std::to_string(request.tokens[i]), " at position ", std::to_string(i), "; the vocabulary has ", std::to_string(shape.vocab)));
  }
  request.max_tokens = std::min<int64_t>(request.max_tokens, shape.context_length - prompt);
  {
    std::lock_guard lock(signal_mutex_);
    if (is_stopping_) return error.set("closed", "the engine is closed");
    if (known_runs_.contains(request.run)) return error.set("bad_argument", text("run ", std::to_string(request.run), " is known already"));
    if (waiting_count_ >= options_.waiting_max) {
      return error.set("queue_full", text(std::to_string(waiting_count_), " of ", std::to_string(options_.waiting_max), " waiting runs"));
    }
    ++waiting_count_;
    known_runs_.insert(request.run);
  }
  post([this, asked = std::move(request), at = now_ms()]() mutable { enqueue(std::move(asked), at); }, false);
}

void Loop::enqueue(RunRequest request, double submitted_ms) {
  auto run = std::make_unique<Run>(std::move(request), order_++);
  run->submitted_ms = submitted_ms;
  run->names = name_chain(run->request.salt, run->request.tokens);
  run->delta = {run->request.run, 0, {}, {}, run->request.logprobs >= 0};
  run->sequence.salt = run->request.salt;
  run->sequence.lane = pool_.lane(run->request.lane);
  ++run->sequence.lane->runs;
  pool_.cancel_move(*run->sequence.lane);
  waiting_.push_back(std::move(run));
}

// Keeps what submit() checks against: under the signals' mutex, because submit() waits for no iteration.
void Loop::left_queue(int64_t run, bool is_over) {
  std::lock_guard lock(signal_mutex_);
  if (is_over) known_runs_.erase(run);
  else --waiting_count_;
}

bool Loop::cancel(int64_t id) {
  return post([this, id] {
    for (auto* runs : {&waiting_, &running_}) {
      for (const RunPtr& run : *runs) {
        if (run->request.run == id) end(*run, Finish::kCancelled);
      }
    }
    reap();
  });
}

bool Loop::set_priority(int64_t id, double priority) {
  return post([this, id, priority] {
    for (auto* runs : {&waiting_, &running_}) {
      for (const RunPtr& run : *runs) {
        if (run->request.run == id) run->request.priority = priority;
      }
    }
  });
}

bool Loop::demote(const std::string& lane) {
  return post([this, lane] { pool_.demote(lane, now_ms()); });
}
bool Loop::recall(const std::string& lane) {
  return post([this, lane] { pool_.recall(lane, now_ms()); });
}
bool Loop::pin(const std::string& lane, std::optional<Tier> tier) {
  return post([this, lane, tier] { pool_.pin(lane, tier); });
}
bool Loop::retain(const std::string& lane, double value) {
  return post([this, lane, value] { pool_.retain(lane, value); });
}
bool Loop::drop(const std::string& lane) {
  return post([this, lane] { pool_.drop(lane); });
}

std::vector<EngineEvent> Loop::take_events() {
  std::lock_guard lock(outbox_mutex_);
  is_woken_ = false;
  open_deltas_.clear();
  return std::exchange(outbox_, {});
}

// What a slow reader has not taken yet grows by tokens and blocks, not by iterations: a run's deltas join, and so do
// neighbouring blocks.
void Loop::publish() {
  std::vector<BlockEvent> blocks;
  std::vector<MovedEvent> moved;
  {
    std::lock_guard lock(state_mutex_);
    blocks = pool_.take_block_events();
    moved = pool_.take_moved_events();
  }
  std::lock_guard lock(outbox_mutex_);
  if (!blocks.empty()) keep(BlocksEvent{std::move(blocks)});
  for (MovedEvent& event : moved) keep(std::move(event));
  for (EngineEvent& event : fresh_) keep(std::move(event));
  fresh_.clear();
  if (outbox_.empty() || is_woken_) return;
  is_woken_ = true;
  on_events_();
}

void Loop::keep(EngineEvent&& event) {
  if (auto* blocks = std::get_if<BlocksEvent>(&event)) {
    auto* last = outbox_.empty() ? nullptr : std::get_if<BlocksEvent>(&outbox_.back());
    if (last != nullptr) {
      last->events.insert(last->events.end(), blocks->events.begin(), blocks->events.end());
      return;
    }
  } else if (auto* delta = std::get_if<DeltaEvent>(&event)) {
    const auto [at, is_first] = open_deltas_.try_emplace(delta->run, outbox_.size());
    if (!is_first) {
      auto& open = std::get<DeltaEvent>(outbox_[at->second]);
      open.tokens.insert(open.tokens.end(), delta->tokens.begin(), delta->tokens.end());
      open.logprobs.insert(open.logprobs.end(), std::move_iterator(delta->logprobs.begin()), std::move_iterator(delta->logprobs.end()));
      return;
    }
  } else if (const auto* ended = std::get_if<EndedEvent>(&event)) {
    open_deltas_.erase(ended->run);  // its number may be given to another run now
  }
  outbox_.push_back(std::move(event));
}

std::vector<BlockEvent> Loop::snapshot() {
  std::lock_guard lock(state_mutex_);
  return pool_.snapshot();
}

LoopStats Loop::stats() {
  LoopStats last;
  {
    std::lock_guard lock(stats_mutex_);
    last = stats_;
  }
  std::lock_guard lock(signal_mutex_);
  last.waiting = waiting_count_;
  return last;
}

// By the loop's thread, which alone changes what is counted here, so without the state's mutex.
void Loop::keep_stats() {
  LoopStats now = totals_;
  now.hbm_blocks = pool_.hbm_blocks();
  now.hbm_free = pool_.hbm_free();
  now.hbm_available = pool_.hbm_available();
  now.dram_blocks = pool_.dram_blocks();
  now.dram_free = pool_.dram_free();
  now.running = static_cast<int32_t>(running_.size());
  now.lanes = static_cast<int32_t>(pool_.lane_count());
  const PoolCounters& counters = pool_.counters();
  now.demoted = counters.demoted;
  now.recalled = counters.recalled;
  now.evicted = counters.evicted;
  now.prefill_tokens_per_s = prefill_speed_.per_s();
  now.decode_tokens_per_s = decode_speed_.per_s();
  now.recall_bytes_per_s = counters.recall_bytes_per_s;
  std::lock_guard lock(stats_mutex_);
  stats_ = now;
}

void Loop::stop(std::function<void()> on_stopped) {
  {
    std::lock_guard lock(signal_mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
    on_stopped_ = std::move(on_stopped);
  }
  signal_.notify_one();
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

double Loop::now_ms() const {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace slackwater
