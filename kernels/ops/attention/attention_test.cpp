#include "attention.h"

#include <cstring>

#include "../../lib/buffer.h"
#include "../op_test.h"

using namespace slackwater;

namespace {

constexpr int32_t kArenaBlocks = 20;

/// One sequence's KV in both layouts, in blocks that are scattered over the arena. Memory of tokens that were never
/// written holds NaN: what is computed must not depend on it.
struct Paged {
  int32_t heads, kv_heads, head_dim;
  std::vector<float> ref_arena;
  std::vector<half> arena;
  std::vector<int32_t> blocks;

  Paged(int32_t heads_in, int32_t kv_heads_in, int32_t head_dim_in) : heads(heads_in), kv_heads(kv_heads_in), head_dim(head_dim_in) {
    ref_arena.assign(block_values() * kArenaBlocks, NAN);
    arena.assign(block_values() * kArenaBlocks, 0x7e00);
    for (int32_t b = 0; b < kArenaBlocks; ++b) blocks.push_back((b * 7 + 3) % kArenaBlocks);
  }
  size_t block_values() const { return size_t{2} * kv_heads * kKvBlockTokens * head_dim; }
  KvLayer<float> ref_layer() { return {ref_arena.data(), block_values(), kv_heads, head_dim}; }
  KvLayer<half> layer() { return {arena.data(), block_values(), kv_heads, head_dim}; }

  void write(const CpuOps& ops, TestRandom& random, int32_t start, int32_t rows) {
    const int32_t stride = kv_heads * head_dim + 3;
    std::vector<float> keys = random_values(random, static_cast<size_t>(rows) * stride, 2), values = random_values(random, keys.size());
    for (float& value : keys) value = half_to_float(half_from_float(value));
    for (float& value : values) value = half_to_float(half_from_float(value));
    CHECK(kv_write_ref({ref_layer(), keys.data(), values.data(), stride, blocks.data(), start, rows}) == Status::kOk, "reference write");
    CHECK(ops.kv_write({layer(), keys.data(), values.data(), stride, blocks.data(), start, rows}) == Status::kOk, "write");
  }
};

void check_shape(const CpuOps& ops, TestRandom& random, int32_t heads, int32_t kv_heads, int32_t head_dim, int32_t start, int32_t rows, int32_t window = 0) {
  Paged paged(heads, kv_heads, head_dim);
  paged.write(ops, random, 0, start + rows);
  const float scale = 1.1f / std::sqrt(static_cast<float>(head_dim));
  const int32_t size = heads * head_dim, q_stride = size + 7, out_stride = size + 2;
  const std::vector<float> q = random_values(random, static_cast<size_t>(rows) * q_stride, 3);
  Guarded want(static_cast<size_t>(rows) * out_stride), got(want.size()), alone(want.size());
  Buffer<std::byte> scratch(attention_scratch_bytes(head_dim));
  std::memset(scratch.data(), 0xff, scratch.size());
  CHECK(attention_ref({want.data(), out_stride, q.data(), q_stride, paged.ref_layer(), paged.blocks.data(), start, rows, heads, 0, kv_heads, scale, window, nullptr}) == Status::kOk, "reference");
  const AttentionArgs args{got.data(), out_stride, q.data(), q_stride, paged.layer(), paged.blocks.data(), start, rows, heads, 0, kv_heads, scale, window, scratch.data()};
  CHECK(ops.attention(args) == Status::kOk, "%s", isa_name(ops.isa));
  const double error = rel_l2(got.data(), want.data(), want.size());
  CHECK(error < 2e-6, "%s, %d/%d heads of %d, %d rows from %d, window %d: relL2 %.1e", isa_name(ops.isa), heads, kv_heads, head_dim, rows, start, window, error);
  got.check("attention");
  // Batch invariance: row by row and head by head gives the same bits.
  for (int32_t r = 0; r < rows; ++r) {
    for (int32_t h = 0; h < kv_heads; ++h) {
      AttentionArgs one = args;
      one.out = alone.data() + static_cast<size_t>(r) * out_stride;
      one.q = q.data() + static_cast<size_t>(r) * q_stride;
      one.start = start + r;
      one.rows = 1;
      one.kv_head_begin = h;
      one.kv_head_end = h + 1;
      CHECK(ops.attention(one) == Status::kOk, "one row");
    }
  }
  CHECK(std::memcmp(alone.data(), got.data(), want.size() * sizeof(float)) == 0, "%s, %d rows from %d: rows alone differ", isa_name(ops.isa), rows, start);
}

void check_bad_arguments(const CpuOps& ops) {
  Paged paged(4, 2, 33);
  float q[4 * 33], out[4 * 33];
  AttentionArgs args{out, 4 * 33, q, 4 * 33, paged.layer(), paged.blocks.data(), 0, 1, 4, 0, 2, 1, 0, nullptr};
  CHECK(ops.attention(args) == Status::kUnsupported, "heads of 33 values");
  args.heads = 3;
  CHECK(ops.attention(args) == Status::kBadShape, "3 heads over 2 KV heads");
  args.heads = 4;
  args.window = -1;
  CHECK(ops.attention(args) == Status::kBadShape, "a window of -1");
  args.window = 0;
  args.kv_head_end = 3;
  CHECK(ops.attention(args) == Status::kBadShape, "KV head 2 of 2");
}

}  // namespace

int main() {
  TestRandom random(15);
  for (const CpuOps* ops : every_level()) {
    for (const int32_t rows : {0, 1, 31, 33, 257}) {
      for (const int32_t start : {0, 1, 63, 64, 500}) check_shape(*ops, random, 9, 3, 64, start, rows);
    }
    for (const int32_t window : {1, 63, 64, 65, 300, 700}) check_shape(*ops, random, 4, 2, 32, 450, 130, window);
    check_shape(*ops, random, 2, 2, 32, 100, 33);
    check_shape(*ops, random, 8, 1, 96, 257, 31);
    check_shape(*ops, random, 4, 2, 128, 989, 5);
    check_bad_arguments(*ops);
  }
  std::puts("attention: ok");
}
