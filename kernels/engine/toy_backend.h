#pragma once

#include <cstring>
#include <functional>
#include <vector>

#include "../model/backend.h"

namespace slackwater {

/// A backend of 8 bytes a token (more on demand, so that a copy takes its time) for tests of pool and loop: KV is a hash of the chain up to the token, and logits are a hash of
/// every KV value the sequence's blocks hold, so one wrong, stale or recycled block changes the tokens that come out.
class ToyBackend : public Backend {
 public:
  explicit ToyBackend(int32_t context_length = 4096, size_t block_bytes = kBlockTokens * sizeof(uint64_t)) : shape_{1, 8, 1, 1, 8, 8, 97, context_length}, block_bytes_(block_bytes) {}
  const ModelShape& shape() const override { return shape_; }
  size_t block_bytes() const override { return block_bytes_; }
  const char* numerics() const override { return "toy"; }

  Status run(const Batch& batch, std::byte* arena) override {
    ++iterations;
    if (is_broken) return Status::kBadShape;
    if (before_run) before_run();
    if (on_batch) on_batch(batch);
    for (int32_t s = 0; s < batch.sequences; ++s) {
      const SequenceView& view = batch.views[s];
      for (int32_t i = 0; i < view.rows; ++i) {
        const int32_t at = view.start + i;
        const uint64_t before = at == 0 ? 0 : read(view, at - 1, arena);
        write(view, at, mix(before, static_cast<uint64_t>(batch.tokens[view.first_row + i])), arena);
        for (int32_t l = 0; l < batch.logits_count; ++l) {
          if (batch.logits_rows[l] == view.first_row + i) fill_logits(view, at, batch.tokens[view.first_row + i], arena, batch.logits + static_cast<size_t>(l) * static_cast<size_t>(shape_.vocab));
        }
      }
    }
    return Status::kOk;
  }

  static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t x = a * 0x9e3779b97f4a7c15ull + b + 0x632be59bd9b4e019ull;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ull;
    return x ^ (x >> 32);
  }

  /// KV values of a token chain, as a right block would hold them.
  static std::vector<uint64_t> chain(const std::vector<int32_t>& tokens) {
    std::vector<uint64_t> values;
    uint64_t value = 0;
    for (const int32_t token : tokens) values.push_back(value = mix(value, static_cast<uint64_t>(token)));
    return values;
  }

  std::function<void()> before_run;  // e.g. waits, to hold an iteration open
  std::function<void(const Batch&)> on_batch;
  int habit = 0;  // of 10 tokens, about how many follow from the one before alone
  int iterations = 0;
  bool is_broken = false;

 private:
  std::byte* slot(const SequenceView& view, int32_t at, std::byte* arena) const {
    return arena + static_cast<size_t>(view.blocks[at / kBlockTokens]) * block_bytes() + static_cast<size_t>(at % kBlockTokens) * sizeof(uint64_t);
  }
  uint64_t read(const SequenceView& view, int32_t at, std::byte* arena) const {
    uint64_t value;
    std::memcpy(&value, slot(view, at, arena), sizeof value);
    return value;
  }
  void write(const SequenceView& view, int32_t at, uint64_t value, std::byte* arena) const { std::memcpy(slot(view, at, arena), &value, sizeof value); }

  void fill_logits(const SequenceView& view, int32_t at, int32_t token, std::byte* arena, float* logits) const {
    uint64_t sum = 0;
    for (int32_t i = 0; i <= at; ++i) sum = mix(sum, read(view, i, arena));
    for (int32_t v = 0; v < shape_.vocab; ++v) logits[v] = static_cast<float>(mix(sum, static_cast<uint64_t>(v)) >> 40) * 0x1.0p-21f;  // 0 to 8
    if (static_cast<int>(mix(sum, 1000) % 10) < habit) logits[(token * 5 + 1) % shape_.vocab] += 8;
  }

  ModelShape shape_;
  size_t block_bytes_;
};

}  // namespace slackwater
