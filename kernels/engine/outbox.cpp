#include "outbox.h"

#include <iterator>
#include <unordered_map>

namespace slackwater {
namespace {

template <class T>
void move_to(std::vector<T>& into, std::vector<T>& from) {
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

// Enough for a reader that comes a few times a second.
Outbox::Outbox() {
  for (Lists* lists : {&fresh_, &published_, &taken_}) {
    lists->entries.reserve(4096);
    lists->tokens.reserve(16384);
    lists->blocks.reserve(1024);
  }
  blocks_.reserve(1024);
}

void Outbox::put_started(const StartedEvent& event) {
  fresh_.entries.push_back({.kind = Kind::kStarted});
  fresh_.started.push_back(event);
}

void Outbox::put_tokens(int64_t run, int32_t offset, std::span<const int32_t> tokens, std::vector<TokenLogprob>& logprobs, bool has_logprobs) {
  fresh_.entries.push_back({Kind::kTokens, has_logprobs, offset, run, tokens.size()});
  fresh_.tokens.insert(fresh_.tokens.end(), tokens.begin(), tokens.end());
  move_to(fresh_.logprobs, logprobs);
  logprobs.clear();
}

void Outbox::put_ended(EndedEvent&& event) {
  fresh_.entries.push_back({.kind = Kind::kEnded});
  fresh_.ended.push_back(std::move(event));
}

void Outbox::append() {
  if (!blocks_.empty()) {
    std::vector<Entry>& entries = published_.entries;
    if (!entries.empty() && entries.back().kind == Kind::kBlocks) entries.back().count += blocks_.size();
    else entries.push_back({.kind = Kind::kBlocks, .count = blocks_.size()});
    published_.blocks.insert(published_.blocks.end(), blocks_.begin(), blocks_.end());
    blocks_.clear();
  }
  for (MovedEvent& event : moved_) {
    published_.entries.push_back({.kind = Kind::kMoved});
    published_.moved.push_back(std::move(event));
  }
  moved_.clear();
  published_.append(fresh_);
}

void Outbox::Lists::append(Lists& more) {
  entries.insert(entries.end(), more.entries.begin(), more.entries.end());
  started.insert(started.end(), more.started.begin(), more.started.end());
  tokens.insert(tokens.end(), more.tokens.begin(), more.tokens.end());
  move_to(logprobs, more.logprobs);
  move_to(ended, more.ended);
  more.clear();
}

void Outbox::Lists::clear() {
  entries.clear();
  started.clear();
  tokens.clear();
  logprobs.clear();
  ended.clear();
  blocks.clear();
  moved.clear();
}

std::vector<EngineEvent> Outbox::take() {
  {
    std::lock_guard lock(mutex_);
    is_woken_ = false;
    std::swap(published_, taken_);
  }
  std::vector<EngineEvent> events;
  std::unordered_map<int64_t, size_t> open_deltas;  // by run: what comes later joins it
  auto started = taken_.started.begin();
  auto token = taken_.tokens.begin();
  auto logprob = std::make_move_iterator(taken_.logprobs.begin());
  auto ended = taken_.ended.begin();
  auto block = taken_.blocks.begin();
  auto moved = taken_.moved.begin();
  for (const Entry& entry : taken_.entries) {
    const auto count = static_cast<std::ptrdiff_t>(entry.count);
    switch (entry.kind) {
      case Kind::kStarted: events.emplace_back(*started++); break;
      case Kind::kTokens: {
        const auto [at, is_first] = open_deltas.try_emplace(entry.run, events.size());
        if (is_first) events.emplace_back(DeltaEvent{entry.run, entry.offset, {}, {}, entry.has_logprobs});
        auto& delta = std::get<DeltaEvent>(events[at->second]);
        delta.tokens.insert(delta.tokens.end(), token, token + count);
        token += count;
        if (!entry.has_logprobs) break;
        delta.logprobs.insert(delta.logprobs.end(), logprob, logprob + count);
        logprob += count;
        break;
      }
      case Kind::kEnded:
        open_deltas.erase(ended->run);  // its number may be given to another run now
        events.emplace_back(std::move(*ended++));
        break;
      case Kind::kBlocks:
        events.emplace_back(BlocksEvent{{block, block + count}});
        block += count;
        break;
      case Kind::kMoved: events.emplace_back(std::move(*moved++)); break;
    }
  }
  taken_.clear();
  return events;
}

}  // namespace slackwater
