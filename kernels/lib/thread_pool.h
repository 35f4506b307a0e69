#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace slackwater {

/// Runs loops over units of work on a fixed set of threads, of which the caller is one.
///
/// Units are claimed one by one from a shared counter, so a thread that is slow or not scheduled holds up at most
/// the unit it is in. Waiting threads spin for 50 µs, then sleep. One caller at a time.
class ThreadPool {
 public:
  /// `threads` ≥ 1, the caller included: 1 starts no thread. Throws std::system_error when the system refuses one.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls work(unit, thread) for every unit in [0, units), thread in [0, threads()), and returns when all are done.
  /// What the units write is visible to the caller then. `work` must not throw.
  template <class Work>
  void run(int units, const Work& work) {
    run_units(units, [](const void* context, int unit, int thread) { (*static_cast<const Work*>(context))(unit, thread); }, &work);
  }

 private:
  using Call = void (*)(const void* context, int unit, int thread);
  void run_units(int units, Call call, const void* context);
  void take_units(int thread);
  void serve(int thread);
  void stop();

  // The job. Written only while it is closed and nobody is inside.
  Call call_ = nullptr;
  const void* context_ = nullptr;
  int units_ = 0;
  std::atomic<int> next_{0};
  /// (number of the job << 16) | open << 15 | threads inside.
  std::atomic<uint32_t> state_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
};

}  // namespace slackwater
