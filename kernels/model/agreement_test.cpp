// What the cpu backend would say next against transformers in fp32, token by token with the right tokens before it
// (golden/agreement.bin, made by tools/peers/agreement_golden.py). SLACKWATER_FULL=1 takes every prompt, mode and level.
#include <algorithm>
#include <initializer_list>

#include "../lib/test_golden_file.h"
#include "test_model.h"

namespace slackwater {
namespace {

struct Judged {
  uint16_t first, second;  // the two most likely next tokens
  float first_logit, second_logit;
};

struct Prompt {
  std::vector<int32_t> tokens;
  std::vector<Judged> judged;  // of its last positions
};

std::vector<Prompt> read_golden() {
  GoldenFile file(std::string(SLACKWATER_SOURCE_DIR) + "/model/golden/agreement.bin", "SWAG");
  std::vector<Prompt> prompts(file.number());
  const uint32_t tokens = file.number(), positions = file.number();
  for (Prompt& prompt : prompts) {
    std::vector<uint16_t> ids(tokens);
    file.read(ids.data(), ids.size() * sizeof ids[0]);
    prompt.tokens.assign(ids.begin(), ids.end());
    prompt.judged.resize(positions);
    file.read(prompt.judged.data(), prompt.judged.size() * sizeof prompt.judged[0]);
  }
  return prompts;
}

/// One position: who won here, and how far the winner's lead is from the golden one.
struct Seen {
  bool is_same;
  double lead;   // golden, in logits
  double error;  // of the lead
};

std::vector<Seen> look(Backend& backend, const std::vector<Prompt>& prompts) {
  std::vector<Seen> seen;
  const auto vocab = static_cast<size_t>(backend.shape().vocab);
  for (const Prompt& prompt : prompts) {
    TestSequences run(backend, 1, static_cast<int32_t>(prompt.tokens.size()));
    run.append({prompt.tokens}, true);
    const float* logits = run.logits().data() + (prompt.tokens.size() - prompt.judged.size()) * vocab;
    for (const Judged& judged : prompt.judged) {
      const size_t best = static_cast<size_t>(std::max_element(logits, logits + vocab) - logits);
      const double lead = judged.first_logit - judged.second_logit;
      seen.push_back({best == judged.first, lead, static_cast<double>(logits[judged.first]) - logits[judged.second] - lead});
      logits += vocab;
    }
  }
  return seen;
}

/// At least 99% of the positions agree, but for those whose lead is within the mode's own (root mean square) error of it.
void check(const std::vector<Prompt>& prompts, Isa isa, WeightMode mode) {
  const auto backend = load_test_backend(BackendKind::kCpu, isa, 2, mode);
  const std::vector<Seen> seen = look(*backend, prompts);
  double squares = 0;
  for (const Seen& position : seen) squares += position.error * position.error;
  const double own_error = std::sqrt(squares / static_cast<double>(seen.size()));
  size_t clear = 0, clear_same = 0, close = 0, close_same = 0;
  for (const Seen& position : seen) {
    const bool is_clear = position.lead > own_error;
    (is_clear ? clear : close) += 1;
    (is_clear ? clear_same : close_same) += position.is_same;
  }
  std::printf("%-18s %zu of %zu positions agree; of %zu others, whose lead is below its own error of %.1e, %zu\n", backend->numerics(), clear_same, clear, close, own_error, close_same);
  if (mode == WeightMode::kFast) return;  // Told, not judged: it fails the gates, and is never chosen unasked.
  CHECK(own_error < 0.5, "%s: the lead is off by %.2f logits", backend->numerics(), own_error);
  CHECK(clear_same * 100 >= clear * 99, "%s: %zu of %zu positions agree, 99%% are needed", backend->numerics(), clear_same, clear);
}

}  // namespace
}  // namespace slackwater

int main() {
  using namespace slackwater;
  const bool is_full = std::getenv("SLACKWATER_FULL") != nullptr;
  const std::vector<Prompt> all = read_golden(), some(all.begin(), all.begin() + static_cast<long>(all.size() / 10));
  for (const WeightMode mode : {WeightMode::kExact, WeightMode::kCompact}) check(is_full ? all : some, best_isa(), mode);
  if (!is_full) return 0;
  check(all, best_isa(), WeightMode::kFast);
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2}) {
    if (isa < best_isa()) check(some, isa, WeightMode::kCompact);
  }
}
