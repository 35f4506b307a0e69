#pragma once

// For tests and benches: the real model, and sequences that are driven through a backend the way the engine does it.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../lib/buffer.h"
#include "../lib/check.h"
#include "model.h"

namespace slackwater {

/// SLACKWATER_MODEL, or the file that set-up puts into the cache folder beside the sources. Ends the program with a
/// clear line when there is no file: a test that cannot look has not passed.
inline std::string test_model_path() {
  const char* given = std::getenv("SLACKWATER_MODEL");
  const char* cache = std::getenv("SLACKWATER_CACHE");
  const std::string folder = cache != nullptr ? std::string(cache) : std::string(SLACKWATER_SOURCE_DIR) + "/../.cache";
  const std::string path = given != nullptr ? given : folder + "/models/SmolLM2-135M-Instruct.Q4_1.gguf";
  std::FILE* file = std::fopen(path.c_str(), "rb");
  CHECK(file != nullptr, "no model at %s: run the set-up, or set SLACKWATER_MODEL", path.c_str());
  std::fclose(file);
  return path;
}

inline std::unique_ptr<Backend> load_test_backend(BackendKind kind, Isa isa, int threads, WeightMode mode = WeightMode::kAuto) {
  Error error;
  const auto file = ModelFile::open(test_model_path(), error);
  CHECK(file != nullptr, "%s: %s", error.code.c_str(), error.message.c_str());
  auto backend = make_backend(*file, kind, isa, mode, threads, error);
  CHECK(backend != nullptr, "%s: %s", error.code.c_str(), error.message.c_str());
  return backend;
}

/// Some sequences with an arena of their own. Tokens are given, or drawn from a seed. Blocks are scattered over the
/// arena, and the arena is filled with NaN, as memory that nobody has written yet may be.
class TestSequences {
 public:
  TestSequences(Backend& backend, int32_t sequences, int32_t tokens_max, uint64_t seed = 1)
      : backend_(backend), random_(seed), tokens_(static_cast<size_t>(sequences)), blocks_(static_cast<size_t>(sequences)) {
    const int32_t each = (tokens_max + kBlockTokens - 1) / kBlockTokens, all = each * sequences;
    arena_ = Buffer<std::byte>(backend.block_bytes() * static_cast<size_t>(all));
    for (size_t i = 0; i < arena_.size(); ++i) arena_.data()[i] = std::byte{0xff};
    for (int32_t b = 0; b < all; ++b) blocks_[static_cast<size_t>(b % sequences)].push_back(all - 1 - b);
  }

  const std::vector<int32_t>& tokens(size_t sequence) const { return tokens_[sequence]; }
  const std::vector<float>& logits() const { return logits_; }
  std::byte* block(size_t sequence, size_t index) { return arena_.data() + static_cast<size_t>(blocks_[sequence][index]) * backend_.block_bytes(); }

  /// `rows` drawn tokens more for every sequence, in one iteration; logits of each last row.
  void append(int32_t rows) {
    std::vector<std::vector<int32_t>> parts(tokens_.size());
    for (auto& part : parts) {
      for (int32_t i = 0; i < rows; ++i) part.push_back(random_.below(backend_.shape().vocab));
    }
    append(parts, false);
  }

  /// The given tokens for each sequence (none: it sits out) in one iteration; logits of each last row, or of all rows.
  void append(const std::vector<std::vector<int32_t>>& parts, bool all_logits) {
    std::vector<int32_t> flat, wanted;
    std::vector<SequenceView> views;
    for (size_t s = 0; s < parts.size(); ++s) {
      if (parts[s].empty()) continue;
      const auto start = static_cast<int32_t>(tokens_[s].size()), first = static_cast<int32_t>(flat.size());
      views.push_back({blocks_[s].data(), start, static_cast<int32_t>(parts[s].size()), first});
      flat.insert(flat.end(), parts[s].begin(), parts[s].end());
      tokens_[s].insert(tokens_[s].end(), parts[s].begin(), parts[s].end());
      const auto end = static_cast<int32_t>(flat.size());
      for (int32_t row = all_logits ? first : end - 1; row < end; ++row) wanted.push_back(row);
    }
    logits_.resize(wanted.size() * static_cast<size_t>(backend_.shape().vocab));
    const Status status = backend_.run({flat.data(), static_cast<int32_t>(flat.size()), views.data(), static_cast<int32_t>(views.size()),
                                        wanted.data(), static_cast<int32_t>(wanted.size()), logits_.data()}, arena_.data());
    CHECK(status == Status::kOk, "run answered %d", static_cast<int>(status));
  }

 private:
  Backend& backend_;
  TestRandom random_;
  Buffer<std::byte> arena_;
  std::vector<std::vector<int32_t>> tokens_;
  std::vector<std::vector<int32_t>> blocks_;
  std::vector<float> logits_;
};

}  // namespace slackwater
