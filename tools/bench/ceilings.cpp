// Ceilings of this machine: how fast `threads` threads together read memory and multiply, as one JSON line.
//   c++ -O3 -std=c++20 -march=native -pthread tools/bench/ceilings.cpp -o ceilings && ./ceilings [threads]
// Every figure is the best of several rounds: a ceiling is what was reached once. What the machine lacks is 0.
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
volatile float sink;

/// Runs `work(thread)` on every thread at once, `rounds` times; returns the shortest round in seconds.
template <typename Work>
double best_seconds(int threads, int rounds, Work work) {
  double best = 1e30;
  for (int round = 0; round < rounds; ++round) {
    std::barrier start(threads + 1);
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) running.emplace_back([&, t] { start.arrive_and_wait(); work(t); });
    start.arrive_and_wait();
    const auto begin = Clock::now();
    for (std::thread& thread : running) thread.join();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

/// Bytes per second of reading `bytes` in all, each thread its own part, several times.
double read_rate(int threads, size_t bytes) {
  std::vector<float> data(bytes / sizeof(float), 1.0f);
  const size_t part = data.size() / threads, passes = std::max<size_t>(1, (size_t{1} << 29) / bytes);
  const double seconds = best_seconds(threads, 7, [&](int t) {
    float total[64] = {};
    for (size_t pass = 0; pass < passes; ++pass) {
      const float* from = data.data() + t * part;
      for (size_t i = 0; i + 64 <= part; i += 64) {
        for (size_t lane = 0; lane < 64; ++lane) total[lane] += from[i + lane];
      }
    }
    for (float one : total) sink = sink + one;
  });
  return static_cast<double>(bytes) * passes / seconds;
}

constexpr int64_t kLoops = 20'000'000;
constexpr int kChains = 12;  // independent sums: enough to hide the latency of the multiplier

/// Operations per second of `sum = step(sum, factor)`, each of which is so many.
template <class Vector, class Step>
double chain_rate(int threads, double operations, Vector factor, Step step) {
  const double seconds = best_seconds(threads, 5, [=](int) {
    Vector sums[kChains], again = factor;
    for (Vector& sum : sums) sum = factor;
    for (int64_t i = 0; i < kLoops; ++i) {
      for (Vector& sum : sums) sum = step(sum, again);
      asm volatile("" : "+x"(again));
    }
    for (const Vector& sum : sums) {
      float first;
      __builtin_memcpy(&first, &sum, sizeof first);
      sink = first;
    }
  });
  return operations * kChains * kLoops * threads / seconds;
}

double fma_rate([[maybe_unused]] int threads) {
#if defined(__AVX512F__)
  return chain_rate(threads, 2 * 16, _mm512_set1_ps(0.999f), [](__m512 sum, __m512 factor) { return _mm512_fmadd_ps(sum, factor, factor); });
#elif defined(__FMA__)
  return chain_rate(threads, 2 * 8, _mm256_set1_ps(0.999f), [](__m256 sum, __m256 factor) { return _mm256_fmadd_ps(sum, factor, factor); });
#else
  return 0;
#endif
}

double dot8_rate([[maybe_unused]] int threads) {
#if defined(__AVX512VNNI__)
  return chain_rate(threads, 2 * 64, _mm512_set1_epi8(3), [](__m512i sum, __m512i factor) { return _mm512_dpbusd_epi32(sum, factor, factor); });
#else
  return 0;
#endif
}

double dot16_rate([[maybe_unused]] int threads) {
#if defined(__AVX512VNNI__)
  return chain_rate(threads, 2 * 32, _mm512_set1_epi16(3), [](__m512i sum, __m512i factor) { return _mm512_dpwssd_epi32(sum, factor, factor); });
#else
  return 0;
#endif
}

#if defined(__AMX_INT8__) && defined(__AMX_BF16__)
struct alignas(64) TileConfig { uint8_t palette = 1, start = 0, reserved[14] = {}; uint16_t columns[16] = {}; uint8_t rows[16] = {}; };

/// Four accumulating tiles, as a GEMM holds them. `wide`: bf16 instead of int8.
double tile_rate(int threads, bool wide) {
  if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return 0;  // the kernel grants the tiles' state
  constexpr int64_t loops = 2'000'000;
  const double seconds = best_seconds(threads, 5, [wide](int) {
    TileConfig config;
    for (int t = 0; t < 8; ++t) config.columns[t] = 64, config.rows[t] = 16;
    _tile_loadconfig(&config);
    for (int64_t i = 0; i < loops; ++i) {
      if (wide) { _tile_dpbf16ps(0, 4, 5); _tile_dpbf16ps(1, 4, 6); _tile_dpbf16ps(2, 7, 5); _tile_dpbf16ps(3, 7, 6); }
      else { _tile_dpbssd(0, 4, 5); _tile_dpbssd(1, 4, 6); _tile_dpbssd(2, 7, 5); _tile_dpbssd(3, 7, 6); }
    }
    _tile_release();
  });
  return 2.0 * 16 * 16 * (wide ? 32 : 64) * 4 * loops * threads / seconds;
}
#else
double tile_rate(int, bool) { return 0; }
#endif

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 2;
  std::printf("{\"threads\":%d,\"readBytesPerS\":{", threads);
  for (const int mebibytes : {64, 128, 256, 512}) {
    std::printf("%s\"%lld\":%.0f", mebibytes == 64 ? "" : ",", static_cast<long long>(mebibytes) << 20, read_rate(threads, static_cast<size_t>(mebibytes) << 20));
  }
  std::printf("},\"fmaPerS\":%.0f,\"dot8PerS\":%.0f,\"dot16PerS\":%.0f,\"tile8PerS\":%.0f,\"tile16PerS\":%.0f}\n", fma_rate(threads), dot8_rate(threads), dot16_rate(threads), tile_rate(threads, false), tile_rate(threads, true));
}
