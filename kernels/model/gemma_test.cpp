// The real gemma3-270m against transformers in fp32 (golden/gemma.bin: each 64th logit, made by tools/peers/logits_golden.py --every 64),
// over a prompt that is longer than its window of 512. Runs where SLACKWATER_GEMMA names the file, which set-up fetches when asked:
// `npm run setup -- --need gemma`.
#include <algorithm>
#include <cstdlib>

#include "test_golden.h"
#include "test_model.h"

namespace slackwater {
namespace {

constexpr int kSkipped = 77;  // What ctest takes for "not run".
constexpr size_t kEvery = 64;

/// Logits of some rows of a prompt: all of them would be a gigabyte.
std::vector<float> logits_of(Backend& backend, const GoldenPrompt& prompt) {
  const auto rows = static_cast<int32_t>(prompt.tokens.size());
  std::vector<int32_t> blocks((prompt.tokens.size() + kBlockTokens - 1) / kBlockTokens);
  for (size_t b = 0; b < blocks.size(); ++b) blocks[b] = static_cast<int32_t>(blocks.size() - 1 - b);
  Buffer<std::byte> arena(blocks.size() * backend.block_bytes());
  std::vector<float> logits(prompt.rows.size() * static_cast<size_t>(backend.shape().vocab));
  const SequenceView view{blocks.data(), 0, rows, 0};
  const Status status = backend.run({prompt.tokens.data(), rows, &view, 1, prompt.rows.data(), static_cast<int32_t>(prompt.rows.size()), logits.data()}, arena.data());
  CHECK(status == Status::kOk, "run answered %d", static_cast<int>(status));
  return logits;
}

void check_prompt(Backend& backend, const GoldenPrompt& prompt, size_t sampled, double gate) {
  const auto vocab = static_cast<size_t>(backend.shape().vocab);
  const std::vector<float> logits = logits_of(backend, prompt);
  for (size_t i = 0; i < prompt.rows.size(); ++i) {
    const float* row = logits.data() + i * vocab;
    std::vector<float> got(sampled);
    for (size_t s = 0; s < sampled; ++s) got[s] = row[s * kEvery];
    const double distance = rel_l2(got.data(), prompt.logits.data() + i * sampled, sampled);
    const auto best = static_cast<int32_t>(std::max_element(row, row + vocab) - row), want = prompt.argmax[static_cast<size_t>(prompt.rows[i])];
    std::printf("%-18s %4zu tokens, row %4d: relL2 %.1e, argmax %d\n", backend.numerics(), prompt.tokens.size(), prompt.rows[i], distance, best);
    CHECK(distance <= gate, "relL2 %.2e above %.0e", distance, gate);
    CHECK(best == want, "argmax %d, transformers has %d", best, want);
  }
}

void check_backend(const ModelFile& model, const Golden& golden, BackendKind kind, WeightMode mode, size_t tokens_max, double gate) {
  Error error;
  const auto backend = make_backend(model, kind, best_isa(), mode, 2, error);
  CHECK(backend != nullptr, "%s", error.message.c_str());
  CHECK(golden.vocab * kEvery == static_cast<size_t>(backend->shape().vocab), "a golden file of another vocabulary");
  for (const GoldenPrompt& prompt : golden.prompts) {
    if (prompt.tokens.size() <= tokens_max) check_prompt(*backend, prompt, golden.vocab, gate);
  }
}

int check(const char* path) {
  Error error;
  const auto model = ModelFile::open(path, error);
  CHECK(model != nullptr, "%s", error.message.c_str());
  CHECK(model->architecture().family == "gemma3" && model->architecture().layers[0].window == 512 && model->architecture().layers[5].window == 0, "%s is gemma3 with windows", path);
  Vocab vocab;
  CHECK(model->read_vocab(vocab, error), "%s", error.message.c_str());
  CHECK(vocab.bos_token == 2 && vocab.bytes[138] == "  " && vocab.bytes[238 + 0xe9] == "\xe9" && vocab.bytes[108] == "\n\n", "pieces, bytes and user-defined tokens");
  const Golden golden = read_golden(std::string(SLACKWATER_SOURCE_DIR) + "/model/golden/gemma.bin");
  check_backend(*model, golden, BackendKind::kReference, WeightMode::kExact, 150, 1e-5);  // The long prompt would take it minutes.
  // The gates of 16-bit and of 4-bit weights: in compact the scales of the file's groups are rounded.
  check_backend(*model, golden, BackendKind::kCpu, WeightMode::kExact, 2000, 1e-2);
  check_backend(*model, golden, BackendKind::kCpu, WeightMode::kCompact, 2000, 2.5e-2);
  std::puts("gemma: ok");
  return 0;
}

}  // namespace
}  // namespace slackwater

int main() {
  const char* path = std::getenv("SLACKWATER_GEMMA");
  if (path != nullptr && *path != '\0') return slackwater::check(path);
  std::puts("gemma: not run, SLACKWATER_GEMMA names no file");
  return slackwater::kSkipped;
}
