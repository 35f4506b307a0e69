// Batch invariance on the real model: logits and KV bytes of a token are the same bits however the work was cut.
#include <cstring>
#include <initializer_list>

#include "test_model.h"

using namespace slackwater;

namespace {

/// Everything that must not depend on the cut: logits of the last prompt token and of two decoded ones, and the KV.
struct Outcome {
  std::vector<float> logits;
  std::vector<std::byte> blocks;  // of the whole sequence; bytes of tokens not reached yet hold the fill of the arena
};

/// Drives sequence `which` of several: its prompt in chunks, then two tokens one by one. The others have prompts of
/// their own, of other lengths, and join in every iteration until they are at their end.
Outcome drive(Backend& backend, const std::vector<std::vector<int32_t>>& prompts, size_t which, int32_t chunk) {
  constexpr int32_t kTokensMax = 256;
  TestSequences run(backend, static_cast<int32_t>(prompts.size()), kTokensMax);
  Outcome out;
  const auto vocab = static_cast<size_t>(backend.shape().vocab);
  const size_t prompt_size = prompts[which].size() - 2;  // Its last two tokens are the decoded ones.
  while (run.tokens(which).size() < prompts[which].size()) {
    std::vector<std::vector<int32_t>> parts(prompts.size());
    size_t logits_index = 0;
    for (size_t s = 0; s < prompts.size(); ++s) {
      const size_t at = run.tokens(s).size(), limit = s == which && at < prompt_size ? prompt_size : prompts[s].size();
      const size_t rows = s == which && at >= prompt_size ? 1 : std::min(limit - at, static_cast<size_t>(chunk));
      parts[s].assign(prompts[s].begin() + static_cast<long>(at), prompts[s].begin() + static_cast<long>(at + rows));
      if (s < which && rows > 0) ++logits_index;
    }
    run.append(parts, false);
    const float* logits = run.logits().data() + logits_index * vocab;
    if (run.tokens(which).size() >= prompt_size) out.logits.insert(out.logits.end(), logits, logits + vocab);
  }
  const size_t blocks = (prompts[which].size() + kBlockTokens - 1) / kBlockTokens;
  for (size_t b = 0; b < blocks; ++b) out.blocks.insert(out.blocks.end(), run.block(which, b), run.block(which, b) + backend.block_bytes());
  return out;
}

void expect_same(const Outcome& got, const Outcome& want, const char* numerics, const char* what) {
  CHECK(got.logits.size() == want.logits.size() && got.blocks.size() == want.blocks.size(), "%s, %s: sizes", numerics, what);
  CHECK(std::memcmp(got.logits.data(), want.logits.data(), want.logits.size() * sizeof(float)) == 0, "%s, %s: logits differ", numerics, what);
  CHECK(std::memcmp(got.blocks.data(), want.blocks.data(), want.blocks.size()) == 0, "%s, %s: KV differs", numerics, what);
}

std::vector<int32_t> draw(TestRandom& random, int32_t vocab, size_t count) {
  std::vector<int32_t> out;
  for (size_t i = 0; i < count; ++i) out.push_back(random.below(vocab));
  return out;
}

/// Whole by two threads against: chunks of 1, 7 and 64, one thread, and among other sequences.
void check_level(Isa isa, WeightMode mode, size_t length, const std::vector<int32_t>& chunks) {
  const auto two = load_test_backend(BackendKind::kCpu, isa, 2, mode), one = load_test_backend(BackendKind::kCpu, isa, 1, mode);
  TestRandom random(21);
  const int32_t vocab = two->shape().vocab, whole_chunk = 1 << 20;
  const std::vector<int32_t> prompt = draw(random, vocab, length);
  const Outcome whole = drive(*two, {prompt}, 0, whole_chunk);
  CHECK(std::isfinite(whole.logits[0]), "logits are numbers");
  for (const int32_t chunk : chunks) expect_same(drive(*two, {prompt}, 0, chunk), whole, two->numerics(), ("chunks of " + std::to_string(chunk)).c_str());
  // Of lengths below, within and beyond a block of the prompt's; the slow levels have one companion less.
  std::vector<std::vector<int32_t>> company = {draw(random, vocab, 3), prompt, draw(random, vocab, length / 2 + 7)};
  if (isa == best_isa()) company.push_back(draw(random, vocab, length + 9));
  expect_same(drive(*one, company, 1, 33), whole, two->numerics(), "among others in chunks of 33, one thread");
  if (isa == best_isa()) {
    expect_same(drive(*one, {prompt}, 0, whole_chunk), whole, two->numerics(), "one thread");
    expect_same(drive(*two, company, 1, whole_chunk), whole, two->numerics(), "among others at once");
  }
  std::printf("%s: same bits for %zu tokens\n", two->numerics(), length);
}

}  // namespace

int main() {
#if defined(__SANITIZE_THREAD__)
  // Forty times slower there, and what it looks for does not depend on the level or the length.
  check_level(best_isa(), WeightMode::kExact, 66, {33});
#else
  check_level(best_isa(), WeightMode::kExact, 131, {1, 7, 64});
  check_level(best_isa(), WeightMode::kCompact, 131, {7});
  check_level(best_isa(), WeightMode::kFast, 66, {7});
  // Plain code takes a tenth of a second a token: a short prompt.
  if (best_isa() > Isa::kAvx2) check_level(Isa::kAvx2, WeightMode::kExact, 66, {7});
  if (best_isa() > Isa::kScalar) check_level(Isa::kScalar, WeightMode::kExact, 20, {7});
#endif
}
