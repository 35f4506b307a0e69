#include "peak.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "buffer.h"
#include "thread_pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace slackwater {
namespace {

constexpr double kMs = 50;
constexpr size_t kBytes = size_t{96} << 20;  // in all; beyond the last cache's share of this process

double elapsed_ms(std::chrono::steady_clock::time_point since) { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count(); }

// Each computes for a moment and returns its operations, a multiply-add being two; `sink` keeps the result from being left out.
#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) double spin_vnni(int* sink) {
  constexpr int kTurns = 20000;
  __m512i sums[12];
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  const __m512i a = _mm512_set1_epi8(static_cast<char>(*sink)), b = _mm512_set1_epi8(3);
  for (int turn = 0; turn < kTurns; ++turn) {
    for (auto& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, b);
  }
  for (const auto& sum : sums) *sink += _mm512_reduce_add_epi32(sum) & 1;
  return 2.0 * 64 * 12 * kTurns;
}

__attribute__((target("avx2,fma"))) double spin_fma(int* sink) {
  constexpr int kTurns = 20000;
  __m256 sums[12];
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  const __m256 a = _mm256_set1_ps(static_cast<float>(*sink)), b = _mm256_set1_ps(0.5f);
  for (int turn = 0; turn < kTurns; ++turn) {
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, b, a);
  }
  for (const auto& sum : sums) *sink += static_cast<int>(_mm256_cvtss_f32(sum)) & 1;
  return 2.0 * 8 * 12 * kTurns;
}
#endif

double spin_plain(int* sink) {
  constexpr int kTurns = 20000;
  float sums[16] = {};
  const auto a = static_cast<float>(*sink);
  for (int turn = 0; turn < kTurns; ++turn) {
    for (float& sum : sums) sum = sum * 0.5f + a;
  }
  for (const float sum : sums) *sink += static_cast<int>(sum) & 1;
  return 2.0 * 16 * kTurns;
}

double (*find_spin())(int*) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw")) return spin_vnni;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return spin_fma;
#endif
  return spin_plain;
}

uint64_t read_all(const uint64_t* from, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) sums[lane] ^= from[i + lane];
  }
  return sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
}

}  // namespace

Peak measure_peak(int threads) {
  ThreadPool pool(threads);
  const auto spin = find_spin();
  struct alignas(64) Part {
    double done = 0;
    int sink = 1;
    uint64_t sum = 0;
  };
  Buffer<Part> parts(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) parts.data()[i] = {};
  const auto spin_start = std::chrono::steady_clock::now();
  pool.run(threads, [&](int unit, int) {
    Part& part = parts.data()[unit];
    while (elapsed_ms(spin_start) < kMs) part.done += spin(&part.sink);
  });
  Peak peak{0, 0};
  for (int i = 0; i < threads; ++i) peak.flops_per_s += parts.data()[i].done;
  peak.flops_per_s /= elapsed_ms(spin_start) / 1000;

  const size_t each = kBytes / sizeof(uint64_t) / static_cast<size_t>(threads);
  Buffer<uint64_t> memory(each * static_cast<size_t>(threads));
  std::memset(memory.data(), 1, memory.size() * sizeof(uint64_t));
  for (int i = 0; i < threads; ++i) parts.data()[i].done = 0;
  const auto read_start = std::chrono::steady_clock::now();
  pool.run(threads, [&](int unit, int) {
    Part& part = parts.data()[unit];
    do {
      part.sum ^= read_all(memory.data() + each * static_cast<size_t>(unit), each);
      part.done += static_cast<double>(each * sizeof(uint64_t));
    } while (elapsed_ms(read_start) < kMs);
  });
  volatile uint64_t kept = 0;
  for (int i = 0; i < threads; ++i) {
    peak.bytes_per_s += parts.data()[i].done;
    kept = kept ^ parts.data()[i].sum;
  }
  peak.bytes_per_s /= elapsed_ms(read_start) / 1000;
  return peak;
}

}  // namespace slackwater
