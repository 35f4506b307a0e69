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
    : profile_(Profile::is_wanted() ? std::make_unique<Profile>(backend->threads()) : nullptr),
      backend_(std::move(backend)),
      vocab_(std::move(vocab)),
      options_(options),
      on_events_(std::move(on_events)),
      copier_([this] { signal(); }),
      pool_({backend_->block_bytes(), options.hbm_blocks, options.dram_blocks, options.lanes_max}, copier_) {
  backend_->set_profile(profile_.get());
  // What an iteration can need at most, so that none asks for memory.
  const auto runs = static_cast<size_t>(options.running_max), rows = static_cast<size_t>(options.iteration_tokens_max);
  plan_.tokens.reserve(rows);
  plan_.parts.reserve(runs);
  plan_.views.reserve(runs);
  plan_.logits_rows.reserve(rows);
  plan_.sampled.reserve(rows);
  ordered_.reserve(runs);
  running_.reserve(runs);
  candidates_.reserve(static_cast<size_t>(backend_->shape().vocab));
  keep_stats();
  thread_ = std::thread([this] { work(); });
}

Loop::~Loop() {
  stop();
  join();
}

void Loop::work() {
  bool was_busy = false;
  while (wait_for_work(was_busy)) was_busy = iterate();
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
  if (profile_ != nullptr) std::fputs(profile_->table().c_str(), stderr);
  if (on_stopped_) on_stopped_();
}

// True: there may be more to do at once.
bool Loop::iterate() {
  const double begun = now_ms();
  double backend_ms = 0;
  std::unique_lock lock(state_mutex_);
  drain_commands();
  pool_.pump_moves(begun);
  admit();
  start_resident();
  compose();
  bool is_busy = !plan_.parts.empty();
  if (is_busy) {
    Status status;
    lock.unlock();  // Others may look at the pool meanwhile; only this thread changes it.
    backend_ms = run_plan(status);
    lock.lock();
    collect(status, backend_ms);
  }
  is_busy |= reap();
  if (options_.check_each_iteration) {
    if (const std::string broken = pool_.check_integrity(); !broken.empty()) {
      std::fprintf(stderr, "block pool: %s\n", broken.c_str());
      std::abort();
    }
  }
  lock.unlock();
  if (!plan_.parts.empty()) {
    const double own_ms = now_ms() - begun - backend_ms;
    totals_.own_ms += own_ms;
    if (profile_ != nullptr) profile_->add(ProfileOp::kLoop, own_ms - sampling_ms_, 0, 0);
  }
  keep_stats();
  publish();
  return is_busy;
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
  {
    std::lock_guard lock(signal_mutex_);
    std::swap(commands_, draining_);
  }
  for (const Command& command : draining_) command();
  draining_.clear();
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

// Keeps what submit() checks against: under the signals' mutex, because submit() waits for no iteration.
void Loop::count_waiting(int32_t change) {
  std::lock_guard lock(signal_mutex_);
  waiting_count_ += change;
}

void Loop::forget_run(int64_t run) {
  std::lock_guard lock(signal_mutex_);
  known_runs_.erase(run);
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

std::vector<EngineEvent> Loop::take_events() { return outbox_.take(); }

void Loop::publish() {
  {
    std::lock_guard lock(state_mutex_);
    pool_.drain_block_events(outbox_.fresh_blocks());
    for (MovedEvent& event : pool_.take_moved_events()) outbox_.put_moved(std::move(event));
  }
  outbox_.publish(on_events_);
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
  now.has_profile = profile_ != nullptr;
  for (size_t i = 0; profile_ != nullptr && i < kProfileOps; ++i) {
    now.profile[i] = profile_->rows()[i];
    now.ceiling_shares[i] = profile_->share_of_ceiling(now.profile[i]);
  }
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
  if (options_.clock_ms) return options_.clock_ms();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace slackwater
