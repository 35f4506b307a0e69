#pragma once

// Vectors of the instruction set that the including file is compiled for. Only for ops/*/*_cpu.cpp: everything has
// internal linkage, so that code made for one level never stands in for another's. For the same reason those files
// call no template of the standard library.

#include <cstdint>

#include "half.h"

#if defined(SLACKWATER_ISA_avx512) || defined(SLACKWATER_ISA_avx2)
#include <immintrin.h>
#endif

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

#if defined(SLACKWATER_ISA_avx512)
constexpr int kLanes = 16;
#elif defined(SLACKWATER_ISA_avx2)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;  // What any machine's compiler can do: SSE2, NEON or plain code.
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntVec __attribute__((vector_size(kLanes * 4)));

inline Vec load(const float* at) {
  Vec v;
  __builtin_memcpy(&v, at, sizeof v);
  return v;
}

inline void store(float* at, Vec v) { __builtin_memcpy(at, &v, sizeof v); }

inline Vec splat(float value) { return value - Vec{}; }

/// a * b + c, in one rounding where the level has it.
inline Vec fmadd(Vec a, Vec b, Vec c) {
#if defined(SLACKWATER_ISA_avx512)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(SLACKWATER_ISA_avx2)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

/// kLanes binary16 values; no infinity or NaN among them.
inline Vec load_halves(const uint16_t* at) {
#if defined(SLACKWATER_ISA_avx512)
  return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
#elif defined(SLACKWATER_ISA_avx2)
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
#else
  typedef uint16_t HalfVec __attribute__((vector_size(kLanes * 2)));
  HalfVec halves;
  __builtin_memcpy(&halves, at, sizeof halves);
  const IntVec bits = __builtin_convertvector(halves, IntVec);
  const Vec magnitude = reinterpret_cast<Vec>((bits & 0x7fff) << 13) * splat(0x1p112f);
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(magnitude) | ((bits & 0x8000) << 16));
#endif
}

/// Rounded as half_from_float; values beyond ±65504 are clipped to it first.
inline void store_halves(uint16_t* at, Vec v) {
  v = v > splat(kHalfMax) ? splat(kHalfMax) : v < splat(-kHalfMax) ? splat(-kHalfMax) : v;
#if defined(SLACKWATER_ISA_avx512)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_maskz_cvtps_ph(0xffff, v, _MM_FROUND_TO_NEAREST_INT));
#elif defined(SLACKWATER_ISA_avx2)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#else
  for (int i = 0; i < kLanes; ++i) at[i] = half_from_float(v[i]);
#endif
}

inline Vec greater(Vec a, Vec b) { return a > b ? a : b; }

/// Sum and maximum of the lanes, halves added pairwise: one order for each level.
inline float sum_lanes(Vec v) {
  float lanes[kLanes];
  store(lanes, v);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

inline float max_lanes(Vec v) {
  float lanes[kLanes];
  store(lanes, v);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
  }
  return lanes[0];
}

/// e^x for x ≤ 88, relative error below 2e-7; exactly 1 at 0, exactly 0 below -87.
/// Cephes' reduction (x = n ln 2 + r, ln 2 in two parts) and a Taylor polynomial of degree 7 on |r| ≤ ln 2 / 2.
inline Vec exp_vec(Vec x) {
  const Vec rounder = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits.
  const Vec given = x;
  x = greater(x, splat(-88.0f));  // So that no lane overflows, not even one whose result is 0.
  const Vec shifted = fmadd(x, splat(1.44269504088896341f), rounder);
  const Vec n = shifted - rounder;
  Vec r = fmadd(n, splat(-0.693359375f), x);
  r = fmadd(n, splat(2.12194440e-4f), r);
  Vec p = splat(1.0f / 5040);
  p = fmadd(p, r, splat(1.0f / 720));
  p = fmadd(p, r, splat(1.0f / 120));
  p = fmadd(p, r, splat(1.0f / 24));
  p = fmadd(p, r, splat(1.0f / 6));
  p = fmadd(p, r, splat(0.5f));
  p = fmadd(p, r, splat(1.0f));
  p = fmadd(p, r, splat(1.0f));
  const Vec scaled = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(p) + (reinterpret_cast<IntVec>(shifted) << 23));
  return given < splat(-87.0f) ? Vec{} : scaled;
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
