// What attention alone costs: CPU time of one thread over all layers of SmolLM2-135M's shape, each with blocks of its own.
//   bench_attend [--isa auto|scalar|avx2|avx512] [--repeat 3] [case ...]
// CPU time, so that a busy machine does not change the figures much; the best of the repeats is printed.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../lib/check.h"
#include "attend.h"

namespace slackwater {
namespace {

constexpr ModelShape kShape{30, 576, 9, 3, 64, 1536, 49152, 8192};
constexpr int32_t kRopePairs = 32;

struct Case {
  const char* name;
  int32_t sequences;
  int32_t shared;  // tokens of a prefix that all sequences read from the same blocks
  int32_t start;   // tokens before the new ones
  int32_t rows;    // of each sequence
};

constexpr Case kCases[] = {
    {"append-256@7k", 1, 0, 7000, 256},      {"prefill-2048", 1, 0, 0, 2048},        {"prefill-512", 1, 0, 0, 512},
    {"decode-1@7k", 1, 0, 7000, 1},          {"decode-16@192", 16, 0, 192, 1},       {"append-8@7k", 1, 0, 7000, 8},
    {"fanout-16@2k grouped", 16, 2048, 2112, 1}, {"fanout-16@2k alone", 16, 0, 2112, 1},
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Times {
  double plan = 1e9, store = 1e9, attend = 1e9;
};

/// Block tables: the shared prefix first, then blocks of each sequence's own.
std::vector<std::vector<int32_t>> tables(const Case& c, int32_t& blocks) {
  std::vector<std::vector<int32_t>> out(static_cast<size_t>(c.sequences));
  const int32_t all = (c.start + c.rows + kBlockTokens - 1) / kBlockTokens, common = c.shared / kBlockTokens;
  blocks = common;
  for (auto& table : out) {
    for (int32_t b = 0; b < all; ++b) table.push_back(b < common ? b : blocks++);
  }
  return out;
}

Times measure(const CpuOps& ops, const Case& c, int repeat) {
  int32_t blocks = 0;
  const auto table = tables(c, blocks);
  const size_t layer_bytes = kv_layer_bytes(kShape.kv_heads, kShape.head_dim);
  Buffer<std::byte> arena(layer_bytes * static_cast<size_t>(kShape.layers) * static_cast<size_t>(blocks));
  TestRandom random(3);
  // Whatever it is read as: two numbers of 16 bits, or a scale of about 1e-5.
  std::vector<uint32_t> noise(1 << 16);
  for (uint32_t& value : noise) value = 0x37200000u | static_cast<uint32_t>(random.next() >> 44);
  for (size_t i = 0; i < arena.size() / 4; ++i) std::memcpy(arena.data() + 4 * i, &noise[(i * 7 + i / noise.size()) % noise.size()], 4);
  const int32_t rows = c.sequences * c.rows, stride = (kShape.heads + 2 * kShape.kv_heads) * kShape.head_dim;
  std::vector<float> given(static_cast<size_t>(rows) * stride), qkv, out(static_cast<size_t>(rows) * kShape.heads * kShape.head_dim);
  for (float& value : given) value = 2 * random.uniform();
  std::vector<float> rope(static_cast<size_t>(kShape.context_length) * kRopePairs * 2);
  fill_rope_table(rope.data(), kShape.context_length, kRopePairs, 1e5, nullptr);
  std::vector<SequenceView> views;
  for (int32_t s = 0; s < c.sequences; ++s) views.push_back({table[static_cast<size_t>(s)].data(), c.start, c.rows, s * c.rows});
  const Batch batch{nullptr, rows, views.data(), c.sequences, nullptr, 0, nullptr};

  ThreadPool pool(1);
  Attend attend(ops, pool, kShape);
  Times best;
  for (int i = 0; i < repeat; ++i) {
    Times times{0, 0, 0};
    double at = cpu_seconds();
    const auto lap = [&](double& sum) {
      const double now = cpu_seconds();
      sum += now - at;
      at = now;
    };
    attend.plan(batch);
    lap(times.plan);
    for (int32_t l = 0; l < kShape.layers; ++l) {
      qkv = given;
      const KvLayer kv{arena.data() + layer_bytes * static_cast<size_t>(l), layer_bytes * static_cast<size_t>(kShape.layers), kShape.kv_heads, kShape.head_dim};
      const AttendLayer layer{out.data(), qkv.data(), kv, rope.data(), kRopePairs, 0.125f, 0};
      at = cpu_seconds();
      CHECK(attend.store(layer) == Status::kOk, "store");
      lap(times.store);
      CHECK(attend.attend(layer) == Status::kOk, "attend");
      lap(times.attend);
    }
    best = {std::min(best.plan, times.plan), std::min(best.store, times.store), std::min(best.attend, times.attend)};
  }
  return best;
}

/// Of one layer: scores and sums, two operations each.
double flops(const Case& c) {
  const double pairs = static_cast<double>(c.sequences) * (static_cast<double>(c.rows) * c.start + 0.5 * c.rows * (c.rows + 1.0));
  return 4.0 * kShape.head_dim * kShape.heads * pairs;
}

/// Of KV in one layer, each block once.
double unique_bytes(const Case& c) {
  const double tokens = c.shared + static_cast<double>(c.sequences) * (c.start + c.rows - c.shared);
  return tokens * static_cast<double>(kv_layer_bytes(kShape.kv_heads, kShape.head_dim)) / kBlockTokens;
}

int bench(int argc, char** argv) {
  Isa isa = best_isa();
  int repeat = 3;
  std::vector<std::string> chosen;
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc;
    if (std::strcmp(argv[i], "--isa") == 0 && has_value) {
      if (!find_isa(argv[++i], isa)) return std::fprintf(stderr, "isa '%s' is not known or not here\n", argv[i]), 2;
    } else if (std::strcmp(argv[i], "--repeat") == 0 && has_value) {
      repeat = std::max(1, std::atoi(argv[++i]));
    } else {
      chosen.push_back(argv[i]);
    }
  }
  std::printf("%s, one thread, CPU ms over %d layers\n%-22s %9s %9s %9s %9s %9s\n", isa_name(isa), kShape.layers, "case", "attend", "GFLOP/s", "KV GB/s", "store", "plan");
  for (const Case& c : kCases) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), c.name) == chosen.end()) continue;
    const Times times = measure(*find_cpu_ops(isa), c, repeat);
    const double layers = kShape.layers;
    std::printf("%-22s %9.2f %9.1f %9.2f %9.2f %9.3f\n", c.name, times.attend * 1e3, layers * flops(c) / times.attend * 1e-9,
                layers * unique_bytes(c) / times.attend * 1e-9, times.store * 1e3, times.plan * 1e3);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace slackwater

int main(int argc, char** argv) { return slackwater::bench(argc, argv); }
