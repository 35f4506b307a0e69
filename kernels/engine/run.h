#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "block_pool.h"
#include "drafter.h"
#include "sampler.h"
#include "speculation.h"

namespace slackwater {

/// What a caller asks for: one generation on a lane. See kernels/native.ts for the meaning of each field.
struct RunRequest {
  int64_t run;
  std::string lane;
  Salt salt;
  std::vector<int32_t> tokens;
  int32_t max_tokens;
  SamplingOptions sampling;
  std::vector<std::string> stop;
  int32_t logprobs = -1;  // alternatives for each token; -1: no logprobs at all
  double priority = 0;    // smaller first
};

enum class Finish : uint8_t { kStop, kLength, kCancelled, kFailed };

struct TokenLogprob {
  int32_t token;
  double logprob;
  std::vector<RankedLogprob> top;
};

struct StartedEvent {
  int64_t run;
  int32_t hit, recalled, computed;
  double queued_ms, recall_ms;
};
struct DeltaEvent {
  int64_t run;
  int32_t offset;
  std::vector<int32_t> tokens;
  std::vector<TokenLogprob> logprobs;
  bool has_logprobs;
};
struct EndedEvent {
  int64_t run;
  Finish finish;
  std::string message;
  int32_t generated, hit, recalled, computed;
  double queued_ms, recall_ms, first_token_ms, total_ms, engine_ms;
  std::vector<BlockName> chain;  // the lane's full blocks, of prompt and generation
};
struct BlocksEvent {
  std::vector<BlockEvent> events;
};
using EngineEvent = std::variant<StartedEvent, DeltaEvent, EndedEvent, BlocksEvent, MovedEvent>;

/// A request on its way through the loop.
struct Run {
  enum class Stage : uint8_t { kWaiting, kRecalling, kPrefill, kDecode, kEnded };

  explicit Run(RunRequest asked, uint64_t order)
      : request(std::move(asked)), order(order), prompt(static_cast<int32_t>(request.tokens.size())), stops(request.stop) {}

  RunRequest request;  // its tokens grow by those generated
  uint64_t order;      // of submission, for equal priorities
  int32_t prompt;      // how many of the tokens are the caller's
  Stage stage = Stage::kWaiting;
  std::vector<BlockName> names;  // of the full blocks of the tokens known when it was queued
  Sequence sequence;
  std::vector<int32_t> table;  // slots of the sequence's first blocks, as backends read them
  StopMatcher stops;
  Drafter drafter;
  Speculation::Memory guesses;
  int32_t delivered = 0;               // of the generated tokens
  std::vector<TokenLogprob> logprobs;  // of those not delivered, if asked for
  int32_t hit = 0, recalled = 0;       // of the prompt, frozen when it gave way; then only what others computed beyond its own
  int32_t computed = 0;                // of the prompt and what was generated: the furthest it came
  bool is_started = false, was_preempted = false;
  double submitted_ms = 0, admitted_ms = -1, resident_ms = -1, first_token_ms = -1, delivered_ms = -1;
  double engine_ms = 0;

  int32_t known() const { return static_cast<int32_t>(request.tokens.size()); }
  int32_t generated() const { return known() - prompt; }
  /// Smaller priorities first, then the order of submission.
  bool is_before(const Run& other) const {
    return request.priority != other.request.priority ? request.priority < other.request.priority : order < other.order;
  }
};

}  // namespace slackwater
