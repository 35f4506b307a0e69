#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slackwater {

/// Guesses the next tokens of a sequence from its own past: what followed the last time its latest tokens stood there
/// (prompt lookup: tool output and JSON repeat the prompt). Takes its memory once, for a sequence of at most `tokens_max`: 8 to
/// 12 bytes a token; noting and finding allocate nothing.
class Drafter {
 public:
  static constexpr int32_t kDraftMax = 8;
  static constexpr int32_t kMatchMax = 8;  // longer ones are not told apart

  struct Draft {
    int32_t match = 0;   // tokens at the end that stood there before, 2 to kMatchMax; 0: nothing was found
    int32_t source = 0;  // position of what followed them
  };

  void reserve(int32_t tokens_max);
  /// Finds the longest match among the latest places where the last two tokens stood. `tokens`: the whole sequence, which has
  /// only grown since the last call.
  Draft find(std::span<const int32_t> tokens);
  /// The i-th guess of `draft`: past the end of the sequence the guesses themselves are repeated.
  static int32_t token_at(std::span<const int32_t> tokens, const Draft& draft, int32_t i) {
    const auto end = static_cast<int32_t>(tokens.size());
    const int32_t at = draft.source + i;
    return tokens[static_cast<size_t>(at < end ? at : draft.source + (at - draft.source) % (end - draft.source))];
  }

 private:
  static constexpr int32_t kCandidatesMax = 16;
  size_t place(int32_t before, int32_t last) const;
  void note(std::span<const int32_t> tokens, int32_t position);

  std::vector<int32_t> heads_;     // by pair of tokens: the latest position of its second one; -1: none
  std::vector<int32_t> previous_;  // by position: the one before it of the same place in heads_
  int32_t noted_ = 1;              // pairs that end before this position are noted
};

}  // namespace slackwater
