// Guesses from a sequence's own past: what a search through all of it would find, in memory taken once.
#include "drafter.h"

#include <cstdio>

#include "expect.h"
#include "toy_backend.h"

using namespace slackwater;

namespace {

std::vector<int32_t> guesses(Drafter& drafter, const std::vector<int32_t>& tokens, int32_t count) {
  const Drafter::Draft draft = drafter.find(tokens);
  std::vector<int32_t> answer;
  for (int32_t i = 0; draft.match > 0 && i < count; ++i) answer.push_back(Drafter::token_at(tokens, draft, i));
  return answer;
}

void what_followed_before_is_guessed() {
  Drafter drafter;
  drafter.reserve(100);
  EXPECT((guesses(drafter, {1, 2, 3, 4, 5, 9, 2, 3}, 3) == std::vector<int32_t>{4, 5, 9}));
}

void the_longest_match_wins_then_the_latest() {
  Drafter drafter;
  drafter.reserve(100);
  EXPECT_EQ(guesses(drafter, {7, 1, 2, 50, 8, 1, 2, 60, 7, 1, 2}, 1).at(0), 50);
  Drafter other;
  other.reserve(100);
  EXPECT_EQ(guesses(other, {7, 1, 2, 50, 8, 1, 2, 60, 9, 1, 2}, 1).at(0), 60);
}

void a_loop_is_guessed_beyond_its_end() {
  Drafter drafter;
  drafter.reserve(100);
  EXPECT((guesses(drafter, {1, 2, 3, 1, 2, 3, 1, 2}, 8) == std::vector<int32_t>{3, 1, 2, 3, 1, 2, 3, 1}));
  Drafter same;
  same.reserve(100);
  EXPECT((guesses(same, {5, 5, 5, 5}, 4) == std::vector<int32_t>{5, 5, 5, 5}));
}

void nothing_is_guessed_from_what_never_was() {
  Drafter drafter;
  drafter.reserve(100);
  EXPECT(guesses(drafter, {1}, 4).empty());
  EXPECT(guesses(drafter, {1, 2}, 4).empty());
  EXPECT(guesses(drafter, {1, 2, 3, 4, 5, 6}, 4).empty());
  EXPECT(guesses(drafter, {1, 2, 3, 4, 5, 6, 2}, 4).empty());  // one token is no match
}

/// By looking at every earlier place.
Drafter::Draft naive(const std::vector<int32_t>& tokens) {
  Drafter::Draft best;
  const auto last = static_cast<int32_t>(tokens.size()) - 1;
  for (int32_t at = last - 1; at >= 1; --at) {
    int32_t match = 0;
    while (match < Drafter::kMatchMax && match <= at && tokens[static_cast<size_t>(at - match)] == tokens[static_cast<size_t>(last - match)]) ++match;
    if (match >= 2 && match > best.match) best = {match, at + 1};
  }
  return best;
}

void a_growing_sequence_finds_what_a_full_search_finds(uint64_t seed) {
  uint64_t state = seed;
  const auto draw = [&](uint64_t below) { return (state = ToyBackend::mix(state, 5)) % below; };
  const uint64_t alphabet = 6 + draw(60);
  std::vector<int32_t> tokens;
  Drafter drafter;
  drafter.reserve(400);
  int found = 0;
  while (tokens.size() < 400) {
    if (tokens.size() > 30 && draw(6) == 0) {  // repeats a piece of itself
      const size_t from = draw(tokens.size() - 20);
      for (size_t i = 0; i < 12 && tokens.size() < 400; ++i) tokens.push_back(tokens[from + i]);
    } else {
      tokens.push_back(static_cast<int32_t>(draw(alphabet)));
    }
    const Drafter::Draft draft = drafter.find(tokens), expected = naive(tokens);
    // Only so many places are looked at: with few different tokens an old longer match may be missed.
    if (alphabet >= 20) EXPECT(draft.match == expected.match && draft.source == expected.source);
    EXPECT(draft.match <= expected.match);
    found += draft.match > 0 ? 1 : 0;
  }
  EXPECT(found > 10);
}

}  // namespace

int main() {
  what_followed_before_is_guessed();
  the_longest_match_wins_then_the_latest();
  a_loop_is_guessed_beyond_its_end();
  nothing_is_guessed_from_what_never_was();
  for (uint64_t seed = 1; seed <= 50; ++seed) a_growing_sequence_finds_what_a_full_search_finds(seed);
  std::puts("drafter: ok");
}
