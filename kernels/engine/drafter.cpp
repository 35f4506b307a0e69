#include "drafter.h"

#include <algorithm>
#include <bit>

namespace slackwater {

void Drafter::reserve(int32_t tokens_max) {
  heads_.assign(std::bit_ceil(static_cast<size_t>(std::max(tokens_max, 16))), -1);
  previous_.assign(static_cast<size_t>(tokens_max), -1);
  noted_ = 1;
}

size_t Drafter::place(int32_t before, int32_t last) const {
  const uint64_t mixed = (static_cast<uint64_t>(static_cast<uint32_t>(before)) << 32 | static_cast<uint32_t>(last)) * 0x9e3779b97f4a7c15ull;
  return static_cast<size_t>(mixed >> 32) & (heads_.size() - 1);
}

void Drafter::note(std::span<const int32_t> tokens, int32_t position) {
  const auto at = static_cast<size_t>(position);
  int32_t& head = heads_[place(tokens[at - 1], tokens[at])];
  previous_[at] = head;
  head = position;
}

Drafter::Draft Drafter::find(std::span<const int32_t> tokens) {
  const auto last = static_cast<int32_t>(tokens.size()) - 1;
  if (last < 2 || tokens.size() > previous_.size()) return {};
  for (; noted_ < last; ++noted_) note(tokens, noted_);  // not the last pair: it would find itself

  Draft best;
  const auto end = static_cast<size_t>(last);
  int32_t at = heads_[place(tokens[end - 1], tokens[end])];
  for (int32_t tried = 0; at >= 0 && tried < kCandidatesMax && best.match < kMatchMax; ++tried, at = previous_[static_cast<size_t>(at)]) {
    int32_t match = 0;
    while (match < kMatchMax && match <= at && tokens[static_cast<size_t>(at - match)] == tokens[static_cast<size_t>(last - match)]) ++match;
    if (match >= 2 && match > best.match) best = {match, at + 1};
  }
  return best;
}

}  // namespace slackwater
