#pragma once

#include <atomic>

#include "status.h"

namespace slackwater {

/// Whether any of the ops of a run refused. Noted from any thread of a pool, whose end orders it before anybody asks.
class Refusal {
 public:
  void clear() { status_.store(Status::kOk, std::memory_order_relaxed); }
  void note(Status status) {
    if (status != Status::kOk) status_.store(status, std::memory_order_relaxed);
  }
  /// kOk, or what one of them answered.
  Status status() const { return status_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Status> status_{Status::kOk};
};

}  // namespace slackwater
