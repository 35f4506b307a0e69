#pragma once

// The end of every op that writes activations: one row of values, which the op computes, becomes integers.
// Internal linkage, like lib/vec.h.

#include <cstddef>

#include "../../lib/vec.h"
#include "quantize.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

typedef int8_t ByteVec __attribute__((vector_size(kLanes)));

inline IntVec load_int(const int32_t* at) {
  IntVec v;
  __builtin_memcpy(&v, at, sizeof v);
  return v;
}

/// The first `count` of kLanes values, zeros behind them.
inline Vec load_some(const float* at, int32_t count) {
  float lanes[kLanes] = {};
  for (int32_t i = 0; i < count; ++i) lanes[i] = at[i];
  return load(lanes);
}

inline int32_t sum_lanes(IntVec v) {
#if defined(SLACKWATER_ISA_avx512)
  return _mm512_reduce_add_epi32(reinterpret_cast<__m512i>(v));
#else
  int32_t sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
#endif
}

inline void store_bytes(std::byte* at, IntVec v) {
#if defined(SLACKWATER_ISA_avx512)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(v)));
#else
  const ByteVec bytes = __builtin_convertvector(v, ByteVec);
  __builtin_memcpy(at, &bytes, sizeof bytes);
#endif
}

/// Magnitudes of the values seen, as integers: they are in order, infinity above the finite ones and NaN above all.
class Largest {
 public:
  void see(Vec values) {
    const IntVec bits = reinterpret_cast<IntVec>(values) & 0x7fffffff;
    bits_ = bits > bits_ ? bits : bits_;
  }
  int32_t bits() const {
    int32_t lanes[kLanes], out = 0;
    __builtin_memcpy(lanes, &bits_, sizeof lanes);
    for (int i = 0; i < kLanes; ++i) out = lanes[i] > out ? lanes[i] : out;
    return out;
  }

 private:
  IntVec bits_ = {};
};

struct RowScale {
  float scale, inverse;
};

inline RowScale row_scale(const Largest& largest, float steps) {
  const int32_t bits = largest.bits();
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  if (bits >= 0x7f800000) return {__builtin_nanf(""), 0.0f};
  if (value < 1e-30f) return {0.0f, 0.0f};
  return {value / steps, steps / value};
}

/// `values(c, count)` answers values [c, c + kLanes), of which `count` are valid and the others zero. It is asked twice
/// for every place: for the largest, then for the numbers.
template <class Values>
inline __attribute__((always_inline)) void quantize_row(const ActivationRows& rows, int32_t index, const Values& values) {
  const int32_t k = rows.k, whole = k / kLanes * kLanes;
  Largest largest;
  for (int32_t c = 0; c < whole; c += kLanes) largest.see(values(c, kLanes));
  if (whole < k) largest.see(values(whole, k - whole));
  const bool is_two = rows.terms == ActivationTerms::kTwo;
  const RowScale scale = row_scale(largest, is_two ? 32512.0f : 127.0f);
  std::byte* out = rows.row(index);
  std::byte *his = out + activation_hi_at(), *los = out + activation_lo_at(k), *groups = out + activation_groups_at(k);
  IntVec sum_hi = {}, sum_lo = {}, group = {};
  const Vec inverse = splat(scale.inverse), rounder = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer.
  const IntVec offset = reinterpret_cast<IntVec>(rounder);
  // 0 * infinity would be NaN: a row without a scale is all zeros.
  const bool is_zero = scale.inverse == 0.0f;
  const auto put = [&](int32_t c, Vec value) __attribute__((always_inline)) {
    const IntVec q = is_zero ? IntVec{} : reinterpret_cast<IntVec>(value * inverse + rounder) - offset;
    if (!is_two) {
      store_bytes(his + c, q);
      sum_hi += q;
      return;
    }
    const IntVec hi = (q + 128) >> 8, lo = q - (hi << 8);
    store_bytes(his + c, hi);
    store_bytes(los + c, lo);
    sum_hi += hi;
    sum_lo += lo;
    group += q;
    if ((c + kLanes) % kGroupInputs != 0) return;
    const auto sum = static_cast<float>(sum_lanes(group));
    __builtin_memcpy(groups + c / kGroupInputs * static_cast<int32_t>(sizeof sum), &sum, sizeof sum);
    group = IntVec{};
  };
  for (int32_t c = 0; c < whole; c += kLanes) put(c, values(c, kLanes));
  int32_t c = whole;
  if (c < k) put(c, values(c, k - c)), c += kLanes;
  for (; c < padded_inputs(k); c += kLanes) put(c, Vec{});
  const ActivationHead head{scale.scale, sum_lanes(sum_hi), sum_lanes(sum_lo)};
  __builtin_memcpy(out, &head, sizeof head);
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
