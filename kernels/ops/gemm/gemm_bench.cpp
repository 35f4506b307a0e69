// Useful GFLOP/s of one thread (2 n k rows, by the thread's CPU time, best of several) for every form, level and shape.
//   bench_gemm [--isa auto|scalar|avx2|avx512|amx] [--form words|planes|bytes|fours|eights] [--rows N]
// Weights are drawn at random and are larger than the caches when the shape is; the shapes are those of SmolLM2-135M.
#include "gemm.h"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../../lib/buffer.h"
#include "../../lib/isa.h"
#include "../op_test.h"

namespace slackwater {
namespace {

constexpr const char* kNames[] = {"words", "planes", "bytes", "fours", "eights"};

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// All copies of the weights together are `kStreamBytes` or one layer, whichever is more, so that weights come from memory.
constexpr size_t kStreamBytes = size_t{64} << 20;

double gflops(const CpuOps& ops, WeightForm form, int32_t n, int32_t k, int32_t rows) {
  TestRandom random(3);
  const size_t layer = static_cast<size_t>(gemm_panels(n)) * panel_bytes(form, k), copies = std::max<size_t>(1, kStreamBytes / layer);
  Buffer<std::byte> weights(layer * copies), a(static_cast<size_t>(rows) * activation_stride(k));
  for (size_t i = 0; i < weights.size(); i += 8) {
    const uint64_t value = random.next() & 0x3f3f3f3f3f3f3f3fu;  // Neither NaN nor denormal where it is read as a float.
    std::memcpy(weights.data() + i, &value, std::min<size_t>(8, weights.size() - i));
  }
  std::vector<float> x = random_values(random, static_cast<size_t>(rows) * static_cast<size_t>(k));
  const ActivationRows view{a.data(), k, activations_of(form)};
  ops.quantize({view, x.data(), k, rows});
  Buffer<float> out(static_cast<size_t>(rows) * static_cast<size_t>(n));
  double best = 1e30;
  const double work = 2.0 * n * k * rows;
  const size_t turns = std::max<size_t>(2 * copies, static_cast<size_t>(4e9 / work));
  double begin = cpu_seconds(), spent = 0;
  size_t in_group = 0;
  for (size_t turn = 0; turn < turns && spent < 1.5; ++turn) {
    ops.gemm({out.data(), n, view, {weights.data() + turn % copies * layer, form, n, k}, rows, 0, gemm_panels(n), false});
    // Groups of calls that the clock can resolve.
    const double took = cpu_seconds() - begin;
    ++in_group;
    if (took < 1e-3) continue;
    best = std::min(best, took / static_cast<double>(in_group));
    spent += took;
    in_group = 0;
    begin = cpu_seconds();
  }
  return work / best * 1e-9;
}

int bench(int argc, char** argv) {
  Isa isa = best_isa();
  std::string form_name;
  int32_t only_rows = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--isa") == 0 && !find_isa(argv[i + 1], isa)) return std::fprintf(stderr, "isa '%s' is not known or not here\n", argv[i + 1]), 2;
    if (std::strcmp(argv[i], "--form") == 0) form_name = argv[i + 1];
    if (std::strcmp(argv[i], "--rows") == 0) only_rows = std::atoi(argv[i + 1]);
  }
  const CpuOps* ops = find_cpu_ops(isa);
  constexpr int32_t kShapes[][2] = {{960, 576}, {576, 576}, {3072, 576}, {576, 1536}, {49152, 576}};
  for (int f = 0; f < 5; ++f) {
    const auto form = static_cast<WeightForm>(f);
    if (!form_name.empty() && form_name != kNames[f]) continue;
    std::printf("%s on %s, GFLOP/s (GB/s of weights)\n%14s", kNames[f], isa_name(ops->isa), "rows");
    for (const auto& shape : kShapes) std::printf("  %12s", (std::to_string(shape[1]) + "x" + std::to_string(shape[0])).c_str());
    std::printf("\n");
    const std::vector<int32_t> all = only_rows > 0 ? std::vector<int32_t>{only_rows} : std::vector<int32_t>{1, 4, 16, 64, 512};
    for (const int32_t rows : all) {
      std::printf("%14d", rows);
      for (const auto& shape : kShapes) {
        if (shape[0] == 49152 && rows > 64) continue;
        const double rate = gflops(*ops, form, shape[0], shape[1], rows);
        const double bytes = rate / (2.0 * shape[0] * shape[1] * rows) * static_cast<double>(gemm_panels(shape[0])) * static_cast<double>(panel_bytes(form, shape[1]));
        std::printf("  %5.0f (%4.1f)", rate, bytes);
        std::fflush(stdout);
      }
      std::printf("\n");
    }
  }
  return 0;
}

}  // namespace
}  // namespace slackwater

int main(int argc, char** argv) { return slackwater::bench(argc, argv); }
