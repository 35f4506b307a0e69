#pragma once

#include <mutex>
#include <span>
#include <vector>

#include "run.h"

namespace slackwater {

/// What the loop says, on its way to the one who reads it. The loop's thread writes into flat lists that keep their memory, so
/// that a token costs no allocation there; the reader makes events of them. What a slow reader has not taken yet grows by tokens
/// and blocks, not by iterations: a run's deltas join, and so do neighbouring blocks.
class Outbox {
 public:
  Outbox();
  // The loop's thread. Nothing is seen before publish(); blocks and moves come first then.
  void put_started(const StartedEvent& event);
  /// `logprobs`: one for each token, taken over, or empty.
  void put_tokens(int64_t run, int32_t offset, std::span<const int32_t> tokens, std::vector<TokenLogprob>& logprobs, bool has_logprobs);
  void put_ended(EndedEvent&& event);
  void put_moved(MovedEvent&& event) { moved_.push_back(std::move(event)); }
  std::vector<BlockEvent>& fresh_blocks() { return blocks_; }
  /// `wake` is called when there is something to take that was not told before.
  template <class Wake>
  void publish(const Wake& wake) {
    std::lock_guard lock(mutex_);
    append();
    if (published_.entries.empty() || is_woken_) return;
    is_woken_ = true;
    wake();
  }

  /// The reader's thread.
  std::vector<EngineEvent> take();

 private:
  enum class Kind : uint8_t { kStarted, kTokens, kEnded, kBlocks, kMoved };
  struct Entry {
    Kind kind;
    bool has_logprobs = false;
    int32_t offset = 0;  // of kTokens
    int64_t run = 0;
    size_t count = 1;  // of tokens or blocks
  };
  struct Lists {
    std::vector<Entry> entries;
    std::vector<StartedEvent> started;
    std::vector<int32_t> tokens;
    std::vector<TokenLogprob> logprobs;
    std::vector<EndedEvent> ended;
    std::vector<BlockEvent> blocks;
    std::vector<MovedEvent> moved;
    void append(Lists& more);
    void clear();
  };
  void append();

  Lists fresh_;  // the loop's thread's
  std::vector<BlockEvent> blocks_;
  std::vector<MovedEvent> moved_;

  std::mutex mutex_;
  Lists published_;
  bool is_woken_ = false;

  Lists taken_;  // the reader's
};

}  // namespace slackwater
