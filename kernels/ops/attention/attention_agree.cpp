#include "attention_agree.h"

#include <cstring>
#include <vector>

#include "../../lib/buffer.h"
#include "../cpu_ops.h"

namespace slackwater {
namespace {

constexpr int32_t kHeads = 6, kKvHeads = 2, kHeadDim = 96, kBlocks = 4;
constexpr int32_t kQWidth = kHeads * kHeadDim, kKvWidth = kKvHeads * kHeadDim;

/// Values in ±1 that look drawn (Numerical Recipes' generator).
std::vector<float> drawn(size_t count, uint32_t state) {
  std::vector<float> out(count);
  for (float& value : out) value = static_cast<float>(static_cast<int32_t>(state = state * 1664525u + 1013904223u)) * 0x1p-31f;
  return out;
}

}  // namespace

bool attention_agrees(Status (*attention)(const AttentionArgs& args), const CpuOps& vectors) {
  // The first two blocks are those of both sequences; each ends in one of its own.
  const int32_t tables[2][3] = {{0, 1, 2}, {0, 1, 3}};
  const AttentionRows parts[2] = {{tables[0], 150, 20, 0, nullptr, 0, 0}, {tables[1], 143, 19, 20, nullptr, 0, 0}};
  constexpr int32_t kRows = 39, kShared = 2 * kKvBlockTokens;
  Buffer<std::byte> arena(kv_layer_bytes(kKvHeads, kHeadDim) * kBlocks), scratch(attention_scratch_bytes(kHeadDim));
  std::memset(arena.data(), 0xff, arena.size());
  const KvLayer layer{arena.data(), kv_layer_bytes(kKvHeads, kHeadDim), kKvHeads, kHeadDim};
  for (int sequence = 0; sequence < 2; ++sequence) {
    const int32_t start = sequence == 0 ? 0 : kShared, end = parts[sequence].start + parts[sequence].rows;
    const auto count = static_cast<size_t>(end - start) * kKvWidth;
    const std::vector<float> keys = drawn(count, 7u + static_cast<uint32_t>(sequence)), values = drawn(count, 9u + static_cast<uint32_t>(sequence));
    if (vectors.kv_write({layer, keys.data(), values.data(), kKvWidth, tables[sequence], start, end - start}) != Status::kOk) return false;
  }
  const std::vector<float> q = drawn(static_cast<size_t>(kRows) * kQWidth, 11);
  std::vector<float> want(q.size(), 0.5f), got = want;
  for (int32_t head = 0; head < kKvHeads; ++head) {
    AttentionArgs args{want.data(), kQWidth, q.data(), kQWidth, layer, parts, 2, kHeads, head, 0, 1, 0.3f, 0, scratch.data()};
    if (vectors.attention(args) != Status::kOk) return false;
    args.out = got.data();
    if (attention(args) != Status::kOk) return false;
  }
  return std::memcmp(got.data(), want.data(), want.size() * sizeof(float)) == 0;
}

}  // namespace slackwater
