#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace slackwater {

enum class CopyWay : uint8_t { kOut, kIn };  // hbm to dram, dram to hbm

/// One block on its way between the tiers. Its slots are its own until the pool has applied the copy, or cancelled it unbegun.
struct CopyJob {
  CopyWay way;
  int32_t hbm_slot;
  int32_t dram_slot;
  const std::byte* from;
  std::byte* to;
  size_t bytes;
  std::string lane;         // whose ordered move this is; empty: a run asked for the block
  uint64_t move = 0;        // the order of that lane, since a lane may be given another one meanwhile
  bool is_cancelled = false;  // pool thread only: a hit came; what was copied may stay, but nothing is dropped for it
  double ms = 0;            // how long the memcpy took
};
using CopyJobPtr = std::shared_ptr<CopyJob>;

/// Copies blocks on a thread of its own, in order of pushing; the owner collects what is done, and stops it before the memory goes.
class Copier {
 public:
  static constexpr size_t kQueueMax = 64;

  /// `on_done` is called by the copy thread after each job. `is_threaded` = false: the owner drives it by begin() and finish().
  explicit Copier(std::function<void()> on_done, bool is_threaded = true);
  ~Copier();
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  bool try_push(CopyJobPtr job);
  /// True when the job had not begun: it never will. False: it is running or done, and will be among the done ones.
  bool try_cancel(const CopyJobPtr& job);
  std::vector<CopyJobPtr> take_done();
  /// Returns when nothing is queued or running: at most kQueueMax copies later.
  void wait_idle();
  bool is_idle();
  /// Drops what is queued and returns when the thread has ended: at most one copy later. Nothing is copied afterwards.
  void stop();
  bool has_room();

  /// Takes the next job; null when there is none. Between begin() and finish() the job can no longer be cancelled.
  CopyJobPtr begin();
  void finish(const CopyJobPtr& job);

 private:
  void work();

  std::function<void()> on_done_;
  const bool is_threaded_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CopyJobPtr> queue_;
  std::vector<CopyJobPtr> done_;
  int running_ = 0;
  bool is_closing_ = false;
  std::thread thread_;
};

}  // namespace slackwater
