// The backends against transformers in fp32 on the real model (golden/logits.bin, made by tools/peers/logits_golden.py).
#include <initializer_list>

#include "test_golden.h"
#include "test_model.h"

namespace slackwater {
namespace {

struct Gate {
  double rel_l2;
  double kl;
};

/// A position counts as agreeing too when the winner of the golden logits is within twice the gate's own error of ours.
bool agrees(const float* logits, size_t vocab, int32_t want, double rel_l2_max) {
  size_t best = 0;
  double norm = 0;
  for (size_t i = 0; i < vocab; ++i) {
    if (logits[i] > logits[best]) best = i;
    norm += static_cast<double>(logits[i]) * logits[i];
  }
  const double typical = std::sqrt(norm / static_cast<double>(vocab));
  return static_cast<size_t>(want) == best || logits[best] - logits[want] <= 2 * rel_l2_max * typical;
}

void check_backend(const Golden& golden, BackendKind kind, Isa isa, WeightMode mode, const Gate& gate) {
  const auto backend = load_test_backend(kind, isa, 2, mode);
  CHECK(static_cast<uint32_t>(backend->shape().vocab) == golden.vocab, "vocabulary of %d", backend->shape().vocab);
  double worst = 0, worst_kl = 0;
  size_t same = 0, positions = 0;
  constexpr size_t kTokensOfSlow = 20;  // The slow levels take the short prompts: the same code in narrower vectors.
  for (const GoldenPrompt& prompt : golden.prompts) {
    const bool is_slow = kind == BackendKind::kCpu && isa < best_isa();
    if (is_slow && prompt.tokens.size() > kTokensOfSlow) continue;
    TestSequences run(*backend, 1, static_cast<int32_t>(prompt.tokens.size()));
    run.append({prompt.tokens}, true);
    for (size_t i = 0; i < prompt.rows.size(); ++i) {
      const float* got = run.logits().data() + static_cast<size_t>(prompt.rows[i]) * golden.vocab;
      const float* want = prompt.logits.data() + i * golden.vocab;
      worst = std::fmax(worst, rel_l2(got, want, golden.vocab));
      worst_kl = std::fmax(worst_kl, divergence(got, want, golden.vocab));
    }
    for (size_t row = 0; row < prompt.argmax.size(); ++row, ++positions) {
      same += agrees(run.logits().data() + row * golden.vocab, golden.vocab, prompt.argmax[row], gate.rel_l2);
    }
  }
  std::printf("%-18s relL2 %.2e (gate %.0e), KL %.2e (gate %.0e), argmax %zu of %zu\n", backend->numerics(), worst, gate.rel_l2, worst_kl, gate.kl, same, positions);
  CHECK(worst <= gate.rel_l2, "%s: relL2 %.3e above %.0e", backend->numerics(), worst, gate.rel_l2);
  CHECK(worst_kl <= gate.kl, "%s: KL %.3e above %.0e", backend->numerics(), worst_kl, gate.kl);
  CHECK(same == positions, "%s: argmax differs at %zu of %zu positions", backend->numerics(), positions - same, positions);
}

}  // namespace
}  // namespace slackwater

int main() {
  using namespace slackwater;
  const Golden golden = read_golden(std::string(SLACKWATER_SOURCE_DIR) + "/model/golden/logits.bin");
  check_backend(golden, BackendKind::kReference, Isa::kScalar, WeightMode::kAuto, {1e-5, 1e-8});
  // The sums of the linear layers have the same bits on every level (gemm_test): the slow levels show one mode each.
  if (best_isa() > Isa::kScalar) check_backend(golden, BackendKind::kCpu, Isa::kScalar, WeightMode::kExact, {1e-2, 1e-4});
  if (best_isa() > Isa::kAvx2) check_backend(golden, BackendKind::kCpu, Isa::kAvx2, WeightMode::kCompact, {1e-2, 1e-4});
  for (const WeightMode mode : {WeightMode::kExact, WeightMode::kCompact}) check_backend(golden, BackendKind::kCpu, best_isa(), mode, {1e-2, 1e-4});
  // Far outside the gates, which is why it is never chosen unasked: these bounds only say that it computes the model.
  check_backend(golden, BackendKind::kCpu, best_isa(), WeightMode::kFast, {1, 1});
}
