// What a sequence gets from attention does not depend on the others in the iteration, whatever blocks they share.
#include "attend.h"

#include <algorithm>
#include <cstring>

#include "../ops/op_test.h"

using namespace slackwater;

namespace {

constexpr int32_t kContext = 2048;

/// Sequences that share blocks as forks do: each continues another one's table from some block on. Their past is in the
/// arena, what nobody wrote is NaN.
struct Tree {
  ModelShape shape;
  std::vector<std::vector<int32_t>> tables;
  std::vector<SequenceView> views;
  int32_t rows = 0;
  std::vector<std::byte> arena;
  std::vector<float> qkv, rope;

  Tree(const CpuOps& ops, TestRandom& random, const ModelShape& shape_in, int32_t sequences, int32_t past_max, int32_t rows_max) : shape(shape_in) {
    int32_t blocks = 0;
    std::vector<int32_t> shared;
    for (int32_t s = 0; s < sequences; ++s) {
      const int32_t start = random.below(past_max), count = 1 + (random.below(2) == 0 ? random.below(3) : random.below(rows_max));
      const int32_t other = s == 0 ? 0 : random.below(s);
      const int32_t whole = s == 0 ? 0 : std::min(start, views[static_cast<size_t>(other)].start) / kBlockTokens;
      shared.push_back(whole == 0 || random.below(4) == 0 ? 0 : 1 + random.below(whole));
      std::vector<int32_t> table;
      for (int32_t b = 0; b * kBlockTokens < start + count; ++b) {
        table.push_back(b < shared.back() ? tables[static_cast<size_t>(other)][static_cast<size_t>(b)] : blocks++);
      }
      tables.push_back(table);
      views.push_back({nullptr, start, count, rows});
      rows += count;
    }
    for (size_t s = 0; s < views.size(); ++s) views[s].blocks = tables[s].data();
    arena.assign(layer_bytes() * static_cast<size_t>(blocks), std::byte{0xff});
    const int32_t kv_size = shape.kv_heads * shape.head_dim;
    for (size_t s = 0; s < views.size(); ++s) {
      const int32_t from = shared[s] * kBlockTokens, past = views[s].start - from;
      const std::vector<float> kv = random_values(random, static_cast<size_t>(past) * 2 * kv_size, 2);
      CHECK(ops.kv_write({layer(arena), kv.data(), kv.data() + kv_size, 2 * kv_size, views[s].blocks, from, past}) == Status::kOk, "past");
    }
    qkv = random_values(random, static_cast<size_t>(rows) * stride(), 2);
    rope.resize(static_cast<size_t>(kContext) * 8 * 2);
    fill_rope_table(rope.data(), kContext, 8, 1e4, nullptr);
  }
  size_t layer_bytes() const { return kv_layer_bytes(shape.kv_heads, shape.head_dim); }
  int32_t stride() const { return (shape.heads + 2 * shape.kv_heads) * shape.head_dim; }
  int32_t out_size() const { return shape.heads * shape.head_dim; }
  KvLayer layer(std::vector<std::byte>& bytes) const { return {bytes.data(), layer_bytes(), shape.kv_heads, shape.head_dim}; }

  /// Rows [first, first + count) of sequence s as a batch of its own; `out` is of all sequences.
  void run_alone(Attend& attend, std::vector<std::byte>& kv, size_t s, int32_t first, int32_t count, int32_t window, float* out) {
    const SequenceView& view = views[s];
    const int32_t row = view.first_row + first;
    std::vector<float> own(qkv.begin() + static_cast<long>(row) * stride(), qkv.begin() + static_cast<long>(row + count) * stride());
    const SequenceView part{view.blocks, view.start + first, count, 0};
    run(attend, kv, {nullptr, count, &part, 1, nullptr, 0, nullptr}, own, window, out + static_cast<size_t>(row) * out_size());
  }
  void run(Attend& attend, std::vector<std::byte>& kv, const Batch& batch, std::vector<float>& values, int32_t window, float* out) {
    attend.plan(batch);
    CHECK(attend.run({out, values.data(), layer(kv), rope.data(), 8, 0.2f, window}) == Status::kOk, "run");
  }
};

void check_tree(const CpuOps& ops, uint64_t seed) {
  TestRandom random(seed);
  constexpr int32_t kHeads[][2] = {{4, 2}, {3, 3}, {9, 3}, {9, 1}};
  const int32_t* heads = kHeads[random.below(4)];
  const ModelShape shape{1, 0, heads[0], heads[1], 32 * (1 + random.below(2)), 0, 0, kContext};
  ThreadPool pool(1 + random.below(2)), one(1);
  Tree tree(ops, random, shape, 1 + random.below(7), random.below(3) == 0 ? 200 : 1300, 90);
  constexpr int32_t kWindows[] = {0, 0, 1, 100, 700};
  const int32_t window = kWindows[random.below(5)];

  // Of a tree's sequences all, some or none are cut by segment.
  constexpr size_t kLimits[] = {kPartialsMax, 60'000, 6'000, 0};
  Attend together(ops, pool, shape, kLimits[seed % 4]), alone(ops, one, shape);
  Guarded got(static_cast<size_t>(tree.rows) * tree.out_size());
  std::vector<std::byte> kv = tree.arena;
  std::vector<float> values = tree.qkv;
  tree.run(together, kv, {nullptr, tree.rows, tree.views.data(), static_cast<int32_t>(tree.views.size()), nullptr, 0, nullptr}, values, window, got.data());
  got.check("attend");

  std::vector<float> want(got.size());
  std::vector<std::byte> kv_alone = tree.arena;
  for (size_t s = 0; s < tree.views.size(); ++s) {
    const int32_t count = tree.views[s].rows, cut = random.below(count);
    if (cut > 0) tree.run_alone(alone, kv_alone, s, 0, cut, window, want.data());
    tree.run_alone(alone, kv_alone, s, cut, count - cut, window, want.data());
  }
  for (size_t i = 0; i < want.size(); ++i) CHECK(std::isfinite(want[i]), "%s, seed %llu: value %zu", isa_name(ops.isa), static_cast<unsigned long long>(seed), i);
  CHECK(std::memcmp(got.data(), want.data(), want.size() * sizeof(float)) == 0, "%s, seed %llu: outputs differ", isa_name(ops.isa), static_cast<unsigned long long>(seed));
  CHECK(std::memcmp(kv.data(), kv_alone.data(), kv.size()) == 0, "%s, seed %llu: KV differs", isa_name(ops.isa), static_cast<unsigned long long>(seed));
}

/// Segments of SmolLM2's shape that are read for `views`, each counted once per item and kv head.
struct Planned {
  AttendPlan plan;
  Planned(const std::vector<SequenceView>& views, int threads, int32_t window, size_t partials_max = kPartialsMax) {
    constexpr ModelShape kShape{30, 576, 9, 3, 64, 1536, 49152, 8192};
    const Batch batch{nullptr, 0, views.data(), static_cast<int32_t>(views.size()), nullptr, 0, nullptr};
    std::vector<int32_t> order;
    order_by_blocks(batch, order);
    plan.build(batch, order, kShape, threads, window, partials_max);
  }
  int32_t items() const { return static_cast<int32_t>(plan.items().size()); }
  int32_t items_with(int32_t parts) const {
    return static_cast<int32_t>(std::count_if(plan.items().begin(), plan.items().end(), [&](const AttendPlan::Item& item) { return item.parts == parts; }));
  }
};

void check_plans() {
  std::vector<std::vector<int32_t>> tables(16);
  std::vector<SequenceView> siblings;
  for (int32_t s = 0; s < 16; ++s) {
    for (int32_t b = 0; b < 33; ++b) tables[static_cast<size_t>(s)].push_back(b < 32 ? b : 100 + s);
    siblings.push_back({tables[static_cast<size_t>(s)].data(), 2100, 1, s});
  }
  const Planned fanout(siblings, 2, 0);
  CHECK(fanout.items_with(16) == 4 && fanout.items_with(1) == 16 && fanout.items() == 20, "16 siblings: their 4 common segments once, then each its own");
  // A stranger in between does not part them.
  std::vector<int32_t> stranger(33);
  for (int32_t b = 0; b < 33; ++b) stranger[static_cast<size_t>(b)] = 500 + b;
  std::vector<SequenceView> mixed = siblings;
  mixed.insert(mixed.begin() + 7, {stranger.data(), 2100, 1, 16});
  CHECK(Planned(mixed, 2, 0).items_with(16) == 4, "16 siblings with a stranger among them");

  // The partials of one are 9 heads * 5 segments * 80 floats.
  constexpr size_t kOne = 9 * 5 * 80;
  const Planned three(siblings, 2, 0, 4 * kOne - 1);
  CHECK(three.plan.merges().size() == 3 && three.items_with(3) == 4 && three.items() == 4 + 3 + 13, "partials for three of 16: the others are taken whole, in %d items", three.items());
  CHECK(Planned(siblings, 2, 0, 4 * kOne).plan.merges().size() == 4 && Planned(siblings, 2, 0, 0).plan.merges().empty(), "to the float");
  constexpr ModelShape kLarge{32, 4096, 32, 8, 128, 14336, 128256, 131072};
  CHECK(partials_bytes_max(kLarge, 3, 1) == size_t{3} * 32 * 256 * 144 * 4 && partials_bytes_max(kLarge, 64, 2) == 2 * kPartialsMax * 4, "what may be needed, and no more than the limit");
  constexpr ModelShape kBrief{2, 64, 4, 2, 32, 96, 40, 512};
  CHECK(partials_bytes_max(kBrief, 1000, 1) == 0, "one segment needs no partials");

  std::vector<int32_t> table(128);
  for (int32_t b = 0; b < 128; ++b) table[static_cast<size_t>(b)] = b;
  const Planned decode({{table.data(), 7000, 1, 0}}, 2, 0);
  CHECK(decode.items() == 14 && decode.plan.merges().size() == 1, "one long sequence is cut into its 14 segments, not %d", decode.items());
  const Planned local({{table.data(), 7000, 1, 0}}, 2, 512);
  CHECK(local.items() == 2, "a window of 512 that straddles a border reads 2 segments, not %d", local.items());
  const Planned brief({{table.data(), 300, 1, 0}}, 2, 0);
  CHECK(brief.items() == 1 && brief.plan.merges().empty(), "one segment needs no merge");
  const Planned prefill({{table.data(), 0, 2048, 0}}, 2, 0);
  CHECK(prefill.plan.merges().empty() && prefill.plan.items().front().segment_end == 4, "many rows take all their segments, the longest first");
}

}  // namespace

int main() {
  check_plans();
  for (const CpuOps* ops : every_level()) {
    const uint64_t seeds = ops->isa == best_isa() ? 60 : 12;
    for (uint64_t seed = 1; seed <= seeds; ++seed) check_tree(*ops, seed);
  }
  std::puts("attend: ok");
}
