#include "attention.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "../../lib/buffer.h"
#include "../op_test.h"
#include "../quantize/quantize.h"

using namespace slackwater;

namespace {

constexpr int32_t kArenaBlocks = 20;

/// One sequence's KV in both layouts, in blocks that are scattered over the arena. Memory of tokens that were never
/// written holds NaN: what is computed must not depend on it.
struct Paged {
  int32_t heads, kv_heads, head_dim;
  std::vector<float> ref_arena;
  std::vector<std::byte> arena;
  std::vector<int32_t> blocks;

  Paged(int32_t heads_in, int32_t kv_heads_in, int32_t head_dim_in) : heads(heads_in), kv_heads(kv_heads_in), head_dim(head_dim_in) {
    ref_arena.assign(block_values() * kArenaBlocks, NAN);
    for (int32_t b = 0; b < kArenaBlocks; ++b) blocks.push_back((b * 7 + 3) % kArenaBlocks);
  }
  size_t block_values() const { return size_t{2} * kv_heads * kKvBlockTokens * head_dim; }
  KvRefLayer ref_layer() { return {ref_arena.data(), block_values(), kv_heads, head_dim}; }
  KvLayer layer() { return {arena.data(), kv_layer_bytes(kv_heads, head_dim), kv_heads, head_dim}; }

  /// New tokens in the reference's layer; the same values in `keys` and `kv`, for the levels to write.
  void write_ref(TestRandom& random, int32_t rows) {
    const int32_t stride = kv_heads * head_dim + 3;
    keys = random_values(random, static_cast<size_t>(rows) * stride, 2);
    values = random_values(random, keys.size());
    CHECK(kv_write_ref({ref_layer(), keys.data(), values.data(), stride, blocks.data(), 0, rows}) == Status::kOk, "reference write");
  }
  /// In two calls, the second of which begins anywhere. What was written is then the reference's, too, so that the two are
  /// compared by what they make of the same numbers.
  void write(const CpuOps& ops, TestRandom& random, int32_t rows) {
    const int32_t stride = kv_heads * head_dim + 3, cut = random.below(rows + 1);
    const size_t at = static_cast<size_t>(cut) * stride;
    arena.assign(kv_layer_bytes(kv_heads, head_dim) * kArenaBlocks, std::byte{0xff});
    CHECK(ops.kv_write({layer(), keys.data(), values.data(), stride, blocks.data(), 0, cut}) == Status::kOk, "write");
    CHECK(ops.kv_write({layer(), keys.data() + at, values.data() + at, stride, blocks.data(), cut, rows - cut}) == Status::kOk, "write");
    for (int32_t token = 0; token < rows; ++token) {
      for (int32_t head = 0; head < kv_heads; ++head) take_written(isa_name(ops.isa), token, head);
    }
  }
  /// One head of one token: within half a step of what the reference holds, which then becomes what was written.
  void take_written(const char* isa, int32_t token, int32_t head) {
    const int32_t block = blocks[static_cast<size_t>(token / kKvBlockTokens)], slot = token % kKvBlockTokens;
    const KvLayer written = layer();
    const float scales[2] = {written.key_scales(block, head)[slot], written.value_scales(block, head)[slot]};
    double squares = 0;
    for (int32_t d = 0; d < head_dim; ++d) {
      const int32_t key = written.keys(block, head)[(d / 2 * kKvBlockTokens + slot) * 2 + d % 2], value = written.values(block, head)[(slot / 2 * head_dim + d) * 2 + slot % 2];
      float* wants[2] = {ref_layer().keys(block, head) + d * kKvBlockTokens + slot, ref_layer().values(block, head) + slot * head_dim + d};
      const float got[2] = {scales[0] * static_cast<float>(key), scales[1] * static_cast<float>(value)};
      for (int i = 0; i < 2; ++i) {
        CHECK(std::isnan(got[i]) == (i == 0 && std::isnan(scales[0])) && !(std::fabs(got[i] - *wants[i]) > 0.51f * scales[i]), "%s: token %d, dimension %d: %g is kept as %g", isa, token, d, *wants[i], got[i]);
        *wants[i] = got[i];
      }
      CHECK(std::abs(value) <= 32512, "%s: a value of %d", isa, value);
      squares += static_cast<double>(key) * key;
    }
    CHECK(std::sqrt(squares) <= kWeightNorm, "%s: a key of norm %g", isa, std::sqrt(squares));
  }
  std::vector<float> keys, values;
};

struct Rows {
  float* out;
  int32_t out_stride;
  const float* q;
  int32_t q_stride;
  float scale;
  int32_t window;
};

void attend(const CpuOps& ops, Paged& paged, const Rows& rows, const AttentionRows& part, int32_t segment_begin, int32_t segment_end) {
  Buffer<std::byte> scratch(attention_scratch_bytes(paged.head_dim));
  std::memset(scratch.data(), 0xff, scratch.size());
  for (int32_t head = 0; head < paged.kv_heads; ++head) {
    const Status status = ops.attention({rows.out, rows.out_stride, rows.q, rows.q_stride, paged.layer(), &part, 1, paged.heads, head, segment_begin,
                                         segment_end, rows.scale, rows.window, scratch.data()});
    CHECK(status == Status::kOk, "%s", isa_name(ops.isa));
  }
}

/// Items of `tokens` rows, each over all segments.
void attend_all(const CpuOps& ops, Paged& paged, const Rows& rows, int32_t start, int32_t count, int32_t tokens) {
  for (int32_t first = 0; first < count; first += tokens) {
    const int32_t some = std::min(tokens, count - first), end = start + first + some;
    attend(ops, paged, rows, {paged.blocks.data(), start + first, some, first, nullptr, 0, 0}, 0, (end + kSegmentTokens - 1) / kSegmentTokens);
  }
}

/// Items of one segment each, merged afterwards.
void attend_by_segment(const CpuOps& ops, Paged& paged, const Rows& rows, int32_t start, int32_t count) {
  const int32_t tokens = attention_tokens(paged.heads / paged.kv_heads);
  for (int32_t first = 0; first < count; first += tokens) {
    const int32_t some = std::min(tokens, count - first), segments = (start + first + some + kSegmentTokens - 1) / kSegmentTokens;
    std::vector<float> partials(static_cast<size_t>(some) * paged.heads * segments * partial_size(paged.head_dim), NAN);
    const AttentionRows part{paged.blocks.data(), start + first, some, first, partials.data(), 0, segments};
    for (int32_t segment = segments - 1; segment >= 0; --segment) attend(ops, paged, rows, part, segment, segment + 1);
    CHECK(ops.attention_merge({rows.out, rows.out_stride, paged.heads, paged.head_dim, &part, 1}) == Status::kOk, "merge");
  }
}

void check_shape(TestRandom& random, int32_t heads, int32_t kv_heads, int32_t head_dim, int32_t start, int32_t rows, int32_t window = 0) {
  Paged paged(heads, kv_heads, head_dim);
  paged.write_ref(random, start + rows);
  const float scale = 1.1f / std::sqrt(static_cast<float>(head_dim));
  const int32_t size = heads * head_dim, q_stride = size + 7, out_stride = size + 2;
  const std::vector<float> q = random_values(random, static_cast<size_t>(rows) * q_stride, 3);
  for (const CpuOps* ops : every_level()) {
    const std::string what = std::string(isa_name(ops->isa)) + ", " + std::to_string(heads) + "/" + std::to_string(kv_heads) + " heads of " + std::to_string(head_dim) + ", " +
                             std::to_string(rows) + " rows from " + std::to_string(start) + ", window " + std::to_string(window);
    paged.write(*ops, random, start + rows);
    Guarded want(static_cast<size_t>(rows) * out_stride);
    CHECK(attention_ref({want.data(), out_stride, q.data(), q_stride, paged.ref_layer(), paged.blocks.data(), start, rows, heads, 0, kv_heads, scale, window}) == Status::kOk, "reference");
    Guarded got(want.size()), alone(want.size());
    attend_all(*ops, paged, {got.data(), out_stride, q.data(), q_stride, scale, window}, start, rows, attention_tokens(heads / kv_heads));
    const double error = rel_l2(got.data(), want.data(), want.size());
    CHECK(error < 5e-4, "%s: relL2 %.1e", what.c_str(), error);
    got.check("attention");
    // Batch invariance: row by row, and cut by segment, gives the same bits.
    attend_all(*ops, paged, {alone.data(), out_stride, q.data(), q_stride, scale, window}, start, rows, 1);
    CHECK(std::memcmp(alone.data(), got.data(), want.size() * sizeof(float)) == 0, "%s: rows alone differ", what.c_str());
    attend_by_segment(*ops, paged, {alone.data(), out_stride, q.data(), q_stride, scale, window}, start, rows);
    CHECK(std::memcmp(alone.data(), got.data(), want.size() * sizeof(float)) == 0, "%s: cut by segment differs", what.c_str());
  }
}

/// A token with NaN in its key, its value or both, in the midst of a chunk: what lies before it is not touched, with many rows or
/// alone; what sees a key that is NaN is NaN, everywhere.
void check_nan(TestRandom& random, int32_t start, int32_t broken, bool is_key, bool is_value) {
  constexpr int32_t kHeads = 3, kDim = 64, kRows = 40;
  Paged paged(kHeads, 1, kDim);
  paged.write_ref(random, start + kRows);
  const size_t at = static_cast<size_t>(start + broken) * (kDim + 3);
  if (is_key) paged.keys[at + 5] = NAN;
  if (is_value) paged.values[at + 7] = -NAN;
  CHECK(kv_write_ref({paged.ref_layer(), paged.keys.data(), paged.values.data(), kDim + 3, paged.blocks.data(), 0, start + kRows}) == Status::kOk, "reference write");
  constexpr int32_t kSize = kHeads * kDim;
  const std::vector<float> q = random_values(random, static_cast<size_t>(kRows) * kSize, 3);
  for (const CpuOps* ops : every_level()) {
    paged.write(*ops, random, start + kRows);
    Guarded want(q.size());
    CHECK(attention_ref({want.data(), kSize, q.data(), kSize, paged.ref_layer(), paged.blocks.data(), start, kRows, kHeads, 0, 1, 0.125f, 0}) == Status::kOk, "reference");
    Guarded got(want.size()), alone(want.size());
    attend_all(*ops, paged, {got.data(), kSize, q.data(), kSize, 0.125f, 0}, start, kRows, attention_tokens(kHeads));
    attend_all(*ops, paged, {alone.data(), kSize, q.data(), kSize, 0.125f, 0}, start, kRows, 1);
    for (int32_t row = 0; row < kRows; ++row) {
      const size_t first = static_cast<size_t>(row) * kSize;
      for (size_t i = first; i < first + kSize; ++i) {
        const bool is_nan = is_key && row >= broken;
        CHECK(std::isnan(want.data()[i]) == is_nan && std::isnan(got.data()[i]) == is_nan && std::isnan(alone.data()[i]) == is_nan, "%s, row %d of %d, NaN in row %d: %g, alone %g, want %g", isa_name(ops->isa), row,
              kRows, broken, got.data()[i], alone.data()[i], want.data()[i]);
      }
      if (is_key && row >= broken) continue;
      CHECK(std::memcmp(got.data() + first, alone.data() + first, kSize * sizeof(float)) == 0, "%s: row %d alone differs", isa_name(ops->isa), row);
      CHECK(rel_l2(got.data() + first, want.data() + first, kSize) < 5e-4, "%s: row %d", isa_name(ops->isa), row);
    }
  }
}

void check_bad_arguments(const CpuOps& ops) {
  Paged paged(4, 2, 33);
  float q[4 * 33], out[4 * 33], partials[1];
  AttentionRows part{paged.blocks.data(), 0, 1, 0, nullptr, 0, 0};
  AttentionArgs args{out, 4 * 33, q, 4 * 33, paged.layer(), &part, 1, 4, 0, 0, 1, 1, 0, nullptr};
  CHECK(ops.attention(args) == Status::kUnsupported, "heads of 33 values");
  args.heads = 3;
  CHECK(ops.attention(args) == Status::kBadShape, "3 heads over 2 KV heads");
  args.heads = 4;
  args.window = -1;
  CHECK(ops.attention(args) == Status::kBadShape, "a window of -1");
  args.window = 0;
  args.kv_head = 2;
  CHECK(ops.attention(args) == Status::kBadShape, "KV head 2 of 2");
  args.kv_head = 0;
  args.layer.head_dim = 32;
  part.rows = attention_tokens(2) + 1;
  CHECK(ops.attention(args) == Status::kBadShape, "more rows than an item has");
  part = {paged.blocks.data(), 600, 1, 0, partials, 1, 1};
  CHECK(ops.attention(args) == Status::kBadShape, "segment 0 of partials for segment 1");
}

}  // namespace

int main() {
  TestRandom random(15);
  for (const int32_t rows : {0, 1, 31, 33, 257}) {
    for (const int32_t start : {0, 1, 63, 64, 500}) check_shape(random, 9, 3, 64, start, rows);
  }
  for (const int32_t window : {1, 63, 64, 65, 300, 512, 700}) check_shape(random, 4, 2, 32, 450, 130, window);
  for (const int32_t start : {447, 448, 511, 512, 513, 1023, 1024}) check_shape(random, 2, 1, 32, start, 3);
  check_shape(random, 2, 2, 32, 100, 33);
  check_shape(random, 9, 1, 32, 500, 31);
  check_shape(random, 8, 1, 96, 257, 31);
  check_shape(random, 4, 2, 128, 989, 5);
  check_shape(random, 4, 1, 256, 509, 9, 200);
  for (const int32_t start : {0, 500}) {
    for (const int32_t broken : {0, 3, 20, 39}) {
      check_nan(random, start, broken, true, true);
      check_nan(random, start, broken, false, true);
      check_nan(random, start, broken, true, false);
    }
  }
  for (const CpuOps* ops : every_level()) check_bad_arguments(*ops);
  std::puts("attention: ok");
}
