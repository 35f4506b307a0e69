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

inline __attribute__((always_inline)) Vec to_vec(IntVec v) { return __builtin_convertvector(v, Vec); }

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

/// kLanes binary16 values.
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
  const IntVec is_special = (bits & 0x7c00) == 0x7c00;  // infinity or NaN
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(magnitude) | (is_special & 0x7f800000) | ((bits & 0x8000) << 16));
#endif
}

inline Vec greater(Vec a, Vec b) { return a > b ? a : b; }

inline float first_lane(Vec v) { return v[0]; }

/// Sum and maximum of the lanes, halves added pairwise: one order for each level.
#if defined(SLACKWATER_ISA_avx512)
inline __m256 low_half(Vec v) { return _mm512_maskz_extractf32x8_ps(0xff, v, 0); }
inline __m256 high_half(Vec v) { return _mm512_maskz_extractf32x8_ps(0xff, v, 1); }
#endif
#if defined(SLACKWATER_ISA_avx512) || defined(SLACKWATER_ISA_avx2)
inline float sum_256(__m256 v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float max_256(__m256 v) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
#endif

inline float sum_lanes(Vec v) {
#if defined(SLACKWATER_ISA_avx512)
  return sum_256(_mm256_add_ps(low_half(v), high_half(v)));
#elif defined(SLACKWATER_ISA_avx2)
  return sum_256(v);
#else
  return (v[0] + v[2]) + (v[1] + v[3]);
#endif
}

inline float max_lanes(Vec v) {
#if defined(SLACKWATER_ISA_avx512)
  return max_256(_mm256_max_ps(low_half(v), high_half(v)));
#elif defined(SLACKWATER_ISA_avx2)
  return max_256(v);
#else
  const float a = v[0] > v[2] ? v[0] : v[2], b = v[1] > v[3] ? v[1] : v[3];
  return a > b ? a : b;
#endif
}

/// Whether any lane of a is greater than b's.
inline bool any_greater(Vec a, Vec b) {
#if defined(SLACKWATER_ISA_avx512)
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0;
#elif defined(SLACKWATER_ISA_avx2)
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
#else
  const IntVec greater = a > b;
  int32_t any = 0;
  for (int i = 0; i < kLanes; ++i) any |= greater[i];
  return any != 0;
#endif
}

/// 2^x for x < 128, relative error below 2e-7; exactly 1 at 0, exactly 0 below -126, NaN of NaN.
/// The polynomials (our own fits) have a relative error of 9e-8 on the fraction's range.
inline Vec exp2_vec(Vec x) {
#if defined(SLACKWATER_ISA_avx512)
  const Vec r = _mm512_maskz_reduce_ps(0xffff, x, _MM_FROUND_TO_NEG_INF);  // x - floor(x)
  Vec p = splat(1.8671300794e-3f);
  p = fmadd(p, r, splat(9.0170302959e-3f));
  p = fmadd(p, r, splat(5.5799913130e-2f));
  p = fmadd(p, r, splat(2.4016445014e-1f));
  p = fmadd(p, r, splat(6.9315131181e-1f));
  p = fmadd(p, r, splat(1.0f));
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, splat(-126.0f), _CMP_NLT_UQ), p, x);  // p * 2^floor(x)
#else
  const Vec rounder = splat(12582912.0f);  // As in exp_vec.
  const Vec kept = x < splat(-126.0f) ? splat(-126.0f) : x;
  const Vec shifted = kept + rounder;
  const Vec r = kept - (shifted - rounder);
  Vec p = splat(1.3264727124e-3f);
  p = fmadd(p, r, splat(9.6715126448e-3f));
  p = fmadd(p, r, splat(5.5507337435e-2f));
  p = fmadd(p, r, splat(2.4022242085e-1f));
  p = fmadd(p, r, splat(6.9314697760e-1f));
  p = fmadd(p, r, splat(1.0f));
  const Vec scaled = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(p) + (reinterpret_cast<IntVec>(shifted) << 23));
  return x < splat(-126.0f) ? Vec{} : scaled;
#endif
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
