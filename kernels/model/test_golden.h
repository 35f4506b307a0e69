#pragma once

// For tests: what transformers says of a model, and how far from it ours is.

#include <cmath>
#include <string>
#include <vector>

#include "../lib/check.h"
#include "../lib/test_golden_file.h"

namespace slackwater {

struct GoldenPrompt {
  std::vector<int32_t> tokens;
  std::vector<int32_t> argmax;  // of every position
  std::vector<int32_t> rows;    // whose logits are given
  std::vector<float> logits;    // [rows, vocab]
};

struct Golden {
  uint32_t vocab = 0;
  std::vector<GoldenPrompt> prompts;
};

/// A file of tools/peers/logits_golden.py, or tiny_models_golden.py.
inline Golden read_golden(const std::string& path) {
  GoldenFile file(path, "SWLG");
  Golden golden;
  golden.vocab = file.number();
  golden.prompts.resize(file.number());
  for (GoldenPrompt& prompt : golden.prompts) {
    prompt.tokens.resize(file.number());
    file.read(prompt.tokens.data(), prompt.tokens.size() * 4);
    prompt.argmax.resize(prompt.tokens.size());
    file.read(prompt.argmax.data(), prompt.argmax.size() * 4);
    prompt.rows.resize(file.number());
    file.read(prompt.rows.data(), prompt.rows.size() * 4);
    prompt.logits.resize(prompt.rows.size() * golden.vocab);
    file.read(prompt.logits.data(), prompt.logits.size() * 4);
  }
  return golden;
}

/// KL(softmax(want) || softmax(got)) in nats.
inline double divergence(const float* got, const float* want, size_t count) {
  const auto log_total = [&](const float* logits) {
    double largest = logits[0], total = 0;
    for (size_t i = 1; i < count; ++i) largest = std::fmax(largest, logits[i]);
    for (size_t i = 0; i < count; ++i) total += std::exp(logits[i] - largest);
    return largest + std::log(total);
  };
  const double got_total = log_total(got), want_total = log_total(want);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double log_want = want[i] - want_total;
    sum += std::exp(log_want) * (log_want - (got[i] - got_total));
  }
  return sum;
}

}  // namespace slackwater
