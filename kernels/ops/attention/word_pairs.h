#pragma once

// Heads as 16-bit numbers, and products of pairs of those, kLanes pairs at a time. Internal linkage, like lib/vec.h. Sums wrap: whoever uses them
// bounds those that count (a key that was never written may hold anything, and its score is not used).

#include <cstddef>

#include "../quantize/quantize_row.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// kLanes pairs; as bits of an IntVec where that is what instructions take.
#if defined(SLACKWATER_ISA_avx512)
typedef __m512i Pairs;
inline __attribute__((always_inline)) Pairs load_pairs(const int16_t* at) { return _mm512_loadu_si512(at); }
#elif defined(SLACKWATER_ISA_avx2)
typedef __m256i Pairs;
inline __attribute__((always_inline)) Pairs load_pairs(const int16_t* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
#else
struct Pairs {
  int16_t v[2 * kLanes];
};
inline Pairs load_pairs(const int16_t* at) {
  Pairs out;
  __builtin_memcpy(&out, at, sizeof out);
  return out;
}
#endif

/// One pair for every lane.
inline __attribute__((always_inline)) Pairs splat_pair(const int16_t* at) {
  int32_t bits;
  __builtin_memcpy(&bits, at, sizeof bits);
#if defined(SLACKWATER_ISA_avx512)
  return _mm512_set1_epi32(bits);
#elif defined(SLACKWATER_ISA_avx2)
  return _mm256_set1_epi32(bits);
#else
  Pairs out;
  for (int i = 0; i < kLanes; ++i) __builtin_memcpy(out.v + 2 * i, &bits, sizeof bits);
  return out;
#endif
}

/// sum + a[0] b[0] + a[1] b[1], lane by lane. (In 512 bits not the intrinsic: GCC 12 copies its sums from register to register.)
inline __attribute__((always_inline)) IntVec add_pairs(IntVec sum, const Pairs& a, const Pairs& b) {
#if defined(SLACKWATER_ISA_avx512)
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
#elif defined(SLACKWATER_ISA_avx2)
  return reinterpret_cast<IntVec>(_mm256_add_epi32(reinterpret_cast<__m256i>(sum), _mm256_madd_epi16(a, b)));
#else
  for (int i = 0; i < kLanes; ++i) {
    sum[i] = static_cast<int32_t>(static_cast<uint32_t>(sum[i]) + static_cast<uint32_t>(a.v[2 * i] * b.v[2 * i]) + static_cast<uint32_t>(a.v[2 * i + 1] * b.v[2 * i + 1]));
  }
  return sum;
#endif
}

/// kLanes 32-bit numbers that fit 16 bits, in order.
inline __attribute__((always_inline)) void store_shorts(int16_t* at, IntVec v) {
#if defined(SLACKWATER_ISA_avx512)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_maskz_cvtepi32_epi16(0xffff, reinterpret_cast<__m512i>(v)));
#else
  typedef int16_t Words __attribute__((vector_size(kLanes * 2)));
  const Words words = __builtin_convertvector(v, Words);
  __builtin_memcpy(at, &words, sizeof words);
#endif
}

/// One head of one token, q or key, as numbers whose norm is at most `norm_max`; answers their scale.
inline float round_head(const float* from, int32_t head_dim, float norm_max, int16_t* out) {
  RowSize size;
  for (int32_t d = 0; d < head_dim; d += kLanes) size.see(d, load(from + d));
  const RowScale scale = word_scale(size.largest(), size.squares(), head_dim, norm_max);
  for (int32_t d = 0; d < head_dim; d += kLanes) store_shorts(out + d, round_to(load(from + d), scale.inverse));
  return scale.scale;
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
