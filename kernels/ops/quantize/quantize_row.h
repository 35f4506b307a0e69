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

/// As 16-bit numbers, in every four in the order 0 2 1 3.
inline void store_words(std::byte* at, IntVec v) {
#if defined(SLACKWATER_ISA_avx512)
  const __m512i swapped = _mm512_shuffle_epi32(reinterpret_cast<__m512i>(v), _MM_PERM_DBCA);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_cvtepi32_epi16(swapped));
#else
  int16_t words[kLanes];
  for (int i = 0; i < kLanes; ++i) words[word_place(i)] = static_cast<int16_t>(v[i]);
  __builtin_memcpy(at, words, sizeof words);
#endif
}

/// What the scale of a row follows from.
class RowSize {
 public:
  /// Values [c, c + kLanes). Magnitudes are compared as integers: infinity is above the finite ones and NaN above all. The
  /// squares are summed in 16 lanes whatever kLanes is, so that the sum has the same bits on every instruction set.
  void see(int32_t c, Vec values) {
    const IntVec bits = reinterpret_cast<IntVec>(values) & 0x7fffffff;
    bits_ = bits > bits_ ? bits : bits_;
    Vec& squares = squares_[c / kLanes % kSums];
    squares = squares + values * values;
  }
  float largest() const {
    int32_t lanes[kLanes], out = 0;
    __builtin_memcpy(lanes, &bits_, sizeof lanes);
    for (int i = 0; i < kLanes; ++i) out = lanes[i] > out ? lanes[i] : out;
    float value;
    __builtin_memcpy(&value, &out, sizeof value);
    return value;
  }
  float squares() const {
    float lanes[16], sum = 0;
    __builtin_memcpy(lanes, squares_, sizeof lanes);
    for (const float lane : lanes) sum += lane;
    return sum;
  }

 private:
  static constexpr int kSums = 16 / kLanes;
  IntVec bits_ = {};
  Vec squares_[kSums] = {};
};

struct RowScale {
  float scale, inverse;
};

/// The scale of k values as 16-bit numbers whose norm is at most `norm_max`. `squares` is only used where neither a square nor
/// their sum can have left fp32's numbers; else no k values have a larger norm than this.
inline RowScale word_scale(float largest, float squares, int32_t k, float norm_max) {
  if (!(largest < __builtin_inff())) return {__builtin_nanf(""), 0.0f};
  if (largest < 1e-30f) return {0.0f, 0.0f};
  const bool is_plain = largest > 1e-15f && largest < 1e15f;
  const float norm = is_plain ? __builtin_sqrtf(squares) / largest : __builtin_sqrtf(static_cast<float>(k));
  const float allowed = (norm_max - 100) / norm, steps = allowed < 32512.0f ? allowed : 32512.0f;  // 100: what rounding adds.
  return {largest / steps, steps / largest};
}

inline RowScale row_scale(ActivationForm form, const RowSize& size, int32_t k) {
  const float largest = size.largest();
  if (form != ActivationForm::kBytes) return word_scale(largest, size.squares(), k, kActivationNorm);
  if (!(largest < __builtin_inff())) return {__builtin_nanf(""), 0.0f};
  return largest < 1e-30f ? RowScale{0.0f, 0.0f} : RowScale{largest / 127.0f, 127.0f / largest};
}

/// Whole numbers: nearest, ties to even. A row without a scale is all zeros (0 * infinity would be NaN).
inline IntVec round_to(Vec values, float inverse) {
  if (inverse == 0.0f) return IntVec{};
#if defined(SLACKWATER_ISA_avx512)
  return reinterpret_cast<IntVec>(_mm512_maskz_cvtps_epi32(0xffff, values * splat(inverse)));
#elif defined(SLACKWATER_ISA_avx2)
  return reinterpret_cast<IntVec>(_mm256_cvtps_epi32(values * splat(inverse)));
#else
  const Vec rounder = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer.
  return reinterpret_cast<IntVec>(values * splat(inverse) + rounder) - reinterpret_cast<IntVec>(rounder);
#endif
}

/// `values(c, count)` answers values [c, c + kLanes), of which `count` are valid and the others zero. It is asked twice
/// for every place: for the scale, then for the numbers.
template <class Values>
inline __attribute__((always_inline)) void quantize_row(const ActivationRows& rows, int32_t index, const Values& values) {
  const int32_t k = rows.k, whole = k / kLanes * kLanes;
  RowSize size;
  for (int32_t c = 0; c < whole; c += kLanes) size.see(c, values(c, kLanes));
  if (whole < k) size.see(whole, values(whole, k - whole));
  const RowScale scale = row_scale(rows.form, size, k);
  std::byte* out = rows.row(index);
  std::byte *numbers = out + activation_numbers_at(), *los = out + activation_lo_at(k), *groups = out + activation_groups_at(k);
  IntVec sum_hi = {}, sum_lo = {}, group = {};
  const auto put = [&](int32_t c, Vec value) __attribute__((always_inline)) {
    const IntVec q = round_to(value, scale.inverse);
    if (rows.form == ActivationForm::kBytes) {
      store_bytes(numbers + c, q);
      sum_hi += q;
    } else if (rows.form == ActivationForm::kPlanes) {
      const IntVec hi = (q + 128) >> 8, lo = q - (hi << 8);
      store_bytes(numbers + c, hi);
      store_bytes(los + c, lo);
      sum_hi += hi;
      sum_lo += lo;
    } else {
      store_words(numbers + 2 * c, q);
      group += q;
      if ((c + kLanes) % kGroupInputs != 0) return;
      const int32_t sum = sum_lanes(group);
      __builtin_memcpy(groups + c / kGroupInputs * static_cast<int32_t>(sizeof sum), &sum, sizeof sum);
      group = IntVec{};
    }
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
