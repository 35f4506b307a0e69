#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "drafter.h"
#include "step_time.h"

namespace slackwater {

/// How often guesses came true, fading: the chance that one does when those before it did.
struct Acceptance {
  double hits = 0, trials = 0;

  void note(int32_t accepted, int32_t drafted, double fade) {
    hits = fade * hits + accepted;
    trials = fade * trials + std::min(accepted + 1, drafted);
  }
};

/// Decides how many guessed tokens a run's next row carries: as many as are worth their time, which is what the iteration
/// would otherwise make of it. One row of a small batch costs little (the weights are read anyway); one row of a large batch
/// costs as much as any other, and then nothing is guessed.
class Speculation {
 public:
  /// What one run remembers of its own guesses.
  struct Memory {
    Acceptance acceptance;
    int32_t skipped = 0;       // since something was guessed
    int32_t retry_after = 32;  // skips; doubles with each vain retry
  };

  /// `row_ms`: what one more row takes; `token_ms`: what a token takes without any guess; both 0: not known yet.
  int32_t choose(Memory& memory, int32_t match, double row_ms, double token_ms, int32_t most) const {
    if (match < 2 || most < 1) return 0;
    const double price = token_ms > 0 ? row_ms / token_ms : kUnknownPrice;
    const double chance = expected(memory, match);
    int32_t count = 0;
    for (double all = chance; count < most && all > price; all *= chance) ++count;
    if (count > 0) return count;
    // Nothing is known of what is never tried: a guess now and then, unless even a sure one would not pay.
    if (price >= 1 || ++memory.skipped < memory.retry_after) return 0;
    memory.retry_after = std::min(2 * memory.retry_after, kRetryMax);
    return 1;
  }

  void note(Memory& memory, int32_t match, int32_t accepted, int32_t drafted) {
    memory.acceptance.note(accepted, drafted, 0.85);
    by_match_[static_cast<size_t>(match)].note(accepted, drafted, 0.98);
    memory.skipped = 0;
    if (accepted > 0) memory.retry_after = 32;
  }

 private:
  static constexpr double kUnknownPrice = 0.2;
  static constexpr int32_t kRetryMax = 512;

  /// The run's own experience, leaning on everybody's with matches as long, leaning on a moderate hope.
  double expected(const Memory& memory, int32_t match) const {
    const Acceptance& all = by_match_[static_cast<size_t>(match)];
    const double common = (all.hits + 2 * 0.6) / (all.trials + 2);
    return (memory.acceptance.hits + 3 * common) / (memory.acceptance.trials + 3);
  }

  std::array<Acceptance, Drafter::kMatchMax + 1> by_match_{};
};

}  // namespace slackwater
