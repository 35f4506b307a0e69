// Every unit runs exactly once and is visible afterwards, through many short jobs and after pauses that let the
// threads fall asleep.
#include "thread_pool.h"

#include <chrono>

#include <system_error>

#include "check.h"
#include "test_threads.h"

using namespace slackwater;

namespace {

void check_each_unit_runs_once(int threads) {
  ThreadPool pool(threads);
  std::vector<int> hits(1000);
  for (int job = 0; job < 2000; ++job) {
    const int units = job % 37 == 0 ? 1000 : job % 5;
    pool.run(units, [&](int unit, int thread) {
      CHECK(thread >= 0 && thread < threads, "thread %d of %d", thread, threads);
      hits[static_cast<size_t>(unit)] += 1;
    });
    for (int unit = 0; unit < units; ++unit) CHECK(hits[static_cast<size_t>(unit)] == 1, "unit %d of job %d ran %d times", unit, job, hits[static_cast<size_t>(unit)]);
    for (int unit = 0; unit < units; ++unit) hits[static_cast<size_t>(unit)] = 0;
    if (job % 400 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // Past the spinning.
  }
}

/// Two units that wait for each other end only when a second thread, asleep by now, comes to help.
void check_a_sleeping_thread_wakes() {
  ThreadPool pool(2);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::atomic<int> inside{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool.run(2, [&](int, int) {
    inside.fetch_add(1);
    while (inside.load() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  CHECK(inside.load() == 2, "the second thread did not come within 20 s");
}

void check_refused_threads_are_an_exception() {
  if (!FewThreads::works()) return;
  for (const int threads : {2, 64}) {  // refused after three, with these three running
    const FewThreads few;
    bool is_refused = false;
    try {
      const ThreadPool pool(threads);
    } catch (const std::system_error&) {
      is_refused = true;
    }
    CHECK(is_refused == (threads == 64), "%d threads where three are possible", threads);
  }
  check_each_unit_runs_once(2);
}

}  // namespace

int main() {
  for (const int threads : {1, 2, 3, 8}) check_each_unit_runs_once(threads);
  check_a_sleeping_thread_wakes();
  check_refused_threads_are_an_exception();
  std::puts("thread_pool: ok");
}
