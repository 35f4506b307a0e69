#include "copier.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace slackwater {

Copier::Copier(std::function<void()> on_done, bool is_threaded) : on_done_(std::move(on_done)), is_threaded_(is_threaded) {
  if (is_threaded_) thread_ = std::thread([this] { work(); });
}

Copier::~Copier() { stop(); }

void Copier::stop() {
  {
    std::lock_guard lock(mutex_);
    is_closing_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Copier::try_push(CopyJobPtr job) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= kQueueMax) return false;
    queue_.push_back(std::move(job));
  }
  changed_.notify_all();
  return true;
}

bool Copier::try_cancel(const CopyJobPtr& job) {
  std::lock_guard lock(mutex_);
  const auto at = std::find(queue_.begin(), queue_.end(), job);
  if (at == queue_.end()) return false;
  queue_.erase(at);
  return true;
}

std::vector<CopyJobPtr> Copier::take_done() {
  std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void Copier::wait_idle() {
  if (!is_threaded_) {
    while (CopyJobPtr job = begin()) finish(job);
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closing_ || (queue_.empty() && running_ == 0); });
}

bool Copier::is_idle() {
  std::lock_guard lock(mutex_);
  return queue_.empty() && running_ == 0 && done_.empty();
}

bool Copier::has_room() {
  std::lock_guard lock(mutex_);
  return queue_.size() < kQueueMax;
}

CopyJobPtr Copier::begin() {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) return nullptr;
  CopyJobPtr job = queue_.front();
  queue_.pop_front();
  ++running_;
  return job;
}

void Copier::finish(const CopyJobPtr& job) {
  const auto start = std::chrono::steady_clock::now();
  std::memcpy(job->to, job->from, job->bytes);
  job->ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  {
    std::lock_guard lock(mutex_);
    done_.push_back(job);
    --running_;
  }
  changed_.notify_all();
  if (on_done_) on_done_();
}

void Copier::work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_closing_ || !queue_.empty(); });
      if (is_closing_) return;
    }
    if (CopyJobPtr job = begin()) finish(job);
  }
}

}  // namespace slackwater
