#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>

#include "expect.h"
#include "loop.h"
#include "toy_backend.h"

namespace slackwater {

/// "l7": the names of lanes here.
template <typename Number>
std::string name_of(const char* prefix, Number number) {
  return std::string(prefix).append(std::to_string(number));
}

inline std::vector<int32_t> make_tokens(int32_t count, uint64_t seed) {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(ToyBackend::mix(seed, static_cast<uint64_t>(i)) % 97));
  return tokens;
}

struct Outcome {
  std::vector<int32_t> tokens;
  std::vector<TokenLogprob> logprobs;
  std::vector<EndedEvent> ended;
  std::vector<StartedEvent> started;
};

/// A loop with what it said so far. Waits have a deadline; a test that reaches it has failed.
class Rig {
 public:
  explicit Rig(LoopOptions options = {.hbm_blocks = 32, .dram_blocks = 32, .running_max = 8, .iteration_tokens_max = 96}, int32_t context = 4096,
               size_t block_bytes = kBlockTokens * sizeof(uint64_t), int habit = 0, std::vector<int32_t> eos_tokens = {}) {
    auto made = std::make_unique<ToyBackend>(context, block_bytes);
    made->habit = habit;
    backend = made.get();
    open(std::move(made), options, std::move(eos_tokens));
  }
  /// Over another backend; `backend` is null then.
  Rig(std::unique_ptr<Backend> other, const LoopOptions& options) { open(std::move(other), options); }

 private:
  void open(std::unique_ptr<Backend> made, LoopOptions options, std::vector<int32_t> eos_tokens = {}) {
    options.check_each_iteration = true;
    Vocab vocab;
    for (int32_t i = 0; i < 97; ++i) vocab.bytes.push_back(std::string(1, static_cast<char>(' ' + i % 64)));
    vocab.is_special.assign(97, 0);
    vocab.eos_tokens = std::move(eos_tokens);
    loop = std::make_unique<Loop>(std::move(made), vocab, options, [this] {
      std::lock_guard lock(mutex_);
      is_woken_ = true;
      ++wakes;
      woken_.notify_all();
    });
  }

 public:
  static RunRequest request(int64_t run, const std::string& lane, std::vector<int32_t> tokens, int32_t max_tokens = 8) {
    return {run, lane, Salt{}, std::move(tokens), max_tokens, {}, {}, -1, 0};
  }

  void submit(RunRequest request) {
    Error error;
    loop->submit(std::move(request), error);
    if (error) std::fprintf(stderr, "%s\n", error.message.c_str());
    EXPECT(!error);
  }
  std::string refusal(RunRequest request) {
    Error error;
    loop->submit(std::move(request), error);
    return error.code;
  }

  template <typename Condition>
  void until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      for (EngineEvent& event : loop->take_events()) read(event);
      if (condition()) return;
      std::unique_lock lock(mutex_);
      EXPECT(woken_.wait_until(lock, deadline, [this] { return is_woken_; }));
      is_woken_ = false;
    }
  }
  const Outcome& wait(int64_t run) {
    until([&] { return !outcomes[run].ended.empty(); });
    EXPECT_EQ(outcomes[run].ended.size(), 1u);
    return outcomes[run];
  }
  /// Both have ended. What the waiting thread has heard of by some moment says nothing: it may sleep while they go on.
  bool ended_before(int64_t first, int64_t second) const {
    const auto at = [this](int64_t run) { return std::find(end_order.begin(), end_order.end(), run) - end_order.begin(); };
    return at(first) < at(second);
  }
  const Outcome& generate(RunRequest request) {
    const int64_t run = request.run;
    submit(std::move(request));
    return wait(run);
  }
  MovedEvent wait_moved(const std::string& lane) {
    size_t at = 0;
    until([&] {
      for (at = 0; at < moved.size(); ++at) {
        if (moved[at].lane == lane) return true;
      }
      return false;
    });
    MovedEvent event = moved[at];
    moved.erase(moved.begin() + static_cast<std::ptrdiff_t>(at));
    return event;
  }

  ToyBackend* backend = nullptr;
  std::map<int64_t, Outcome> outcomes;
  std::vector<MovedEvent> moved;
  std::vector<int64_t> start_order, end_order;
  std::set<std::pair<Tier, BlockName>> directory;  // as block events tell it
  std::atomic<int> wakes = 0;

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;

 public:
  std::unique_ptr<Loop> loop;  // last: it wakes us until it has ended

 private:
  void read(EngineEvent& event) {
    if (auto* started = std::get_if<StartedEvent>(&event)) {
      outcomes[started->run].started.push_back(*started);
      start_order.push_back(started->run);
    } else if (auto* delta = std::get_if<DeltaEvent>(&event)) {
      Outcome& outcome = outcomes[delta->run];
      EXPECT_EQ(static_cast<size_t>(delta->offset), outcome.tokens.size());
      outcome.tokens.insert(outcome.tokens.end(), delta->tokens.begin(), delta->tokens.end());
      outcome.logprobs.insert(outcome.logprobs.end(), delta->logprobs.begin(), delta->logprobs.end());
    } else if (auto* ended = std::get_if<EndedEvent>(&event)) {
      outcomes[ended->run].ended.push_back(*ended);
      end_order.push_back(ended->run);
    } else if (auto* blocks = std::get_if<BlocksEvent>(&event)) {
      for (const BlockEvent& block : blocks->events) {
        if (block.is_stored) EXPECT(directory.insert({block.tier, block.name}).second);
        else EXPECT_EQ(directory.erase({block.tier, block.name}), 1u);
      }
    } else {
      moved.push_back(std::get<MovedEvent>(event));
    }
  }
};

/// A backend whose iterations take a fixed time by a clock of the test's own, and so can be planned for exactly.
struct Timed {
  Timed(const LoopOptions& options, double base, double row, int habit = 9, std::vector<int32_t> eos_tokens = {})
      : rig(with_clock(options), 4096, kBlockTokens * sizeof(uint64_t), habit, std::move(eos_tokens)) {
    rig.backend->on_batch = [this, base, row](const Batch& batch) {
      *now = *now + base + row * batch.rows;
      if (on_batch) on_batch(batch, base + row * batch.rows);
    };
  }
  LoopOptions with_clock(LoopOptions options) {
    options.clock_ms = [at = now] { return at->load(); };
    return options;
  }
  std::function<void(const Batch&, double ms)> on_batch;  // on the loop's thread
  std::shared_ptr<std::atomic<double>> now = std::make_shared<std::atomic<double>>(0);
  Rig rig;
};

inline std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace slackwater
