#include "thread_pool.h"

#include <chrono>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace slackwater {
namespace {

constexpr uint32_t kOpen = 1u << 15;
constexpr uint32_t kInside = kOpen - 1;
constexpr uint32_t kJob = 1u << 16;
constexpr auto kSpin = std::chrono::microseconds(50);

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

/// Waits until `ready(state)`: spins first, because the next job usually follows within microseconds, then sleeps.
template <class Ready>
uint32_t wait_until(const std::atomic<uint32_t>& state, const Ready& ready) {
  uint32_t seen = state.load(std::memory_order_acquire);
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  for (int turn = 1; !ready(seen); ++turn) {
    pause_briefly();
    seen = state.load(std::memory_order_acquire);
    if (turn % 32 == 0 && std::chrono::steady_clock::now() > deadline) break;
  }
  while (!ready(seen)) {
    state.wait(seen, std::memory_order_acquire);
    seen = state.load(std::memory_order_acquire);
  }
  return seen;
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { serve(i); });
  } catch (...) {
    stop();  // A thread that nobody joins would end the process.
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_.store(true);
  state_.fetch_add(kJob);
  state_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_units(int units, Call call, const void* context) {
  if (workers_.empty() || units <= 1) {
    for (int unit = 0; unit < units; ++unit) call(context, unit, 0);
    return;
  }
  call_ = call;
  context_ = context;
  units_ = units;
  next_.store(0, std::memory_order_relaxed);
  const uint32_t job = (state_.load(std::memory_order_relaxed) & ~(kJob - 1)) + kJob;
  state_.store(job | kOpen, std::memory_order_release);
  state_.notify_all();
  take_units(0);
  // Closed: whoever has not come in by now is not waited for.
  state_.fetch_and(~kOpen, std::memory_order_acq_rel);
  wait_until(state_, [](uint32_t state) { return (state & kInside) == 0; });
}

void ThreadPool::take_units(int thread) {
  for (int unit = next_.fetch_add(1, std::memory_order_relaxed); unit < units_; unit = next_.fetch_add(1, std::memory_order_relaxed)) {
    call_(context_, unit, thread);
  }
}

void ThreadPool::serve(int thread) {
  uint32_t done = 0;  // The job this thread was in last.
  while (true) {
    uint32_t state = wait_until(state_, [&](uint32_t now) {
      return stopping_.load() || ((now & kOpen) != 0 && (now & ~(kJob - 1)) != done);
    });
    if (stopping_.load()) return;
    if ((state & kOpen) == 0 || !state_.compare_exchange_strong(state, state + 1, std::memory_order_acq_rel)) continue;
    done = state & ~(kJob - 1);
    take_units(thread);
    const uint32_t left = state_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if ((left & (kOpen | kInside)) == 0) state_.notify_all();
  }
}

}  // namespace slackwater
