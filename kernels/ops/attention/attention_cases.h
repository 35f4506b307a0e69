#pragma once

// For the tests of attention on tiles: sequences that share blocks, in sizes that hurt, and the comparison with the vectors, bit for bit.

#include <cstring>
#include <string>
#include <vector>

#include "../../lib/buffer.h"
#include "../op_test.h"

namespace slackwater {

struct AttentionCase {
  int32_t heads, kv_heads, head_dim;
  int32_t sequences;
  int32_t shared;  // blocks that all sequences begin with
  int32_t start;   // tokens before the new ones, at least those of the shared blocks
  int32_t rows;    // of each sequence
  int32_t window;
};

/// Rows around one band of 16 and beyond; heads of half a tile, one and a half, four; blocks that are full, just begun and half seen; a
/// range of several segments; fan-outs whose own blocks have too few rows for tiles, or enough.
constexpr AttentionCase kAttentionCases[] = {
    {1, 1, 64, 1, 0, 0, 16, 0},     {1, 1, 64, 1, 0, 0, 17, 0},      {3, 1, 64, 1, 0, 0, 64, 0},   {3, 1, 64, 1, 0, 61, 33, 0}, {9, 3, 64, 1, 0, 500, 21, 0},
    {4, 2, 32, 1, 0, 100, 31, 0},   {4, 1, 96, 1, 0, 127, 13, 0},    {2, 1, 256, 1, 0, 64, 12, 0}, {4, 2, 32, 1, 0, 450, 90, 70}, {2, 2, 64, 1, 0, 130, 15, 64},
    {3, 1, 64, 16, 2, 128, 1, 0},   {3, 1, 64, 5, 1, 70, 3, 0},      {4, 1, 64, 3, 1, 64, 9, 0},   {3, 3, 64, 20, 1, 64, 1, 0},
};

/// `attention` gives the bits of `vectors` and writes nothing else. Memory of tokens that were never written holds NaN.
template <class Attention>
void check_attention_case(const Attention& attention, const CpuOps& vectors, const AttentionCase& c) {
  TestRandom random(23);
  const int32_t own = (c.start + c.rows + kKvBlockTokens - 1) / kKvBlockTokens - c.shared, blocks = c.shared + own * c.sequences;
  const int32_t q_width = c.heads * c.head_dim, kv_width = c.kv_heads * c.head_dim, out_stride = q_width + 5;
  CHECK(c.start >= c.shared * kKvBlockTokens && c.sequences * c.rows <= attention_tokens(c.heads / c.kv_heads), "a case");
  Buffer<std::byte> arena(kv_layer_bytes(c.kv_heads, c.head_dim) * static_cast<size_t>(blocks)), scratch(attention_scratch_bytes(c.head_dim));
  std::memset(arena.data(), 0xff, arena.size());
  const KvLayer layer{arena.data(), kv_layer_bytes(c.kv_heads, c.head_dim), c.kv_heads, c.head_dim};
  std::vector<std::vector<int32_t>> tables(static_cast<size_t>(c.sequences));
  std::vector<AttentionRows> parts;
  for (int32_t s = 0; s < c.sequences; ++s) {
    std::vector<int32_t>& table = tables[static_cast<size_t>(s)];
    for (int32_t b = 0; b < c.shared + own; ++b) table.push_back(b < c.shared ? b : c.shared + s * own + b - c.shared);
    const int32_t from = s == 0 ? 0 : c.shared * kKvBlockTokens, count = c.start + c.rows - from;
    const std::vector<float> keys = random_values(random, static_cast<size_t>(count) * kv_width, 2), values = random_values(random, keys.size());
    CHECK(vectors.kv_write({layer, keys.data(), values.data(), kv_width, table.data(), from, count}) == Status::kOk, "write");
    parts.push_back({table.data(), c.start, c.rows, s * c.rows, nullptr, 0, 0});
  }
  const int32_t rows = c.sequences * c.rows, segments = (c.start + c.rows + kSegmentTokens - 1) / kSegmentTokens;
  const std::vector<float> q = random_values(random, static_cast<size_t>(rows) * q_width, 3);
  Guarded want(static_cast<size_t>(rows) * out_stride, 0.25f), got(want.size(), 0.25f);
  for (int32_t head = 0; head < c.kv_heads; ++head) {
    AttentionArgs args{want.data(), out_stride, q.data(), q_width, layer, parts.data(), c.sequences, c.heads, head, 0, segments, 0.2f, c.window, scratch.data()};
    CHECK(vectors.attention(args) == Status::kOk, "vectors");
    std::memset(scratch.data(), 0xff, scratch.size());
    args.out = got.data();
    CHECK(attention(args) == Status::kOk, "tiles");
  }
  got.check("tiles");
  CHECK(std::memcmp(got.data(), want.data(), want.size() * sizeof(float)) == 0, "%d/%d heads of %d, %d sequences with %d blocks in common, %d rows from %d, window %d: bits differ",
        c.heads, c.kv_heads, c.head_dim, c.sequences, c.shared, c.rows, c.start, c.window);
}

}  // namespace slackwater
