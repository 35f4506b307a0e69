#pragma once

// Inner loops of gemm where no instruction multiplies bytes by fours exactly: 8 outputs at a time, bytes widened to 16 bits.
// avx2 multiplies pairs by vpmaddwd (the byte version would saturate: 2 * 255 * 128); elsewhere a product of two bytes,
// which fits 16 bits, is widened and added. Only for gemm_cpu.cpp.

#include "finish.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// Half a panel.
constexpr int kHalf = kGemmColumns / 2;

#if defined(SLACKWATER_ISA_avx2)

/// 4 inputs of 8 outputs as 16-bit numbers; 4 inputs of a row, repeated; sums of pairs of inputs of 8 outputs.
struct Weights8 {
  __m256i v[2];
};
struct Inputs4 {
  __m256i v;
};
struct Sums8 {
  __m256i v[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
};

inline Weights8 widen(__m256i bytes) {
  return {{_mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes)), _mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1))}};
}
inline Weights8 read_bytes(const std::byte* at) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))); }
/// The low (0) or the high (1) half of every byte.
inline Weights8 read_halves(const std::byte* at, int which) {
  const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  return widen(_mm256_and_si256(which == 0 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15)));
}
inline Inputs4 read_inputs(const std::byte* at) {
  int32_t bytes;
  __builtin_memcpy(&bytes, at, sizeof bytes);
  return {_mm256_cvtepi8_epi16(_mm_set1_epi32(bytes))};
}
inline void add_products(Sums8& sums, const Weights8& w, const Inputs4& a) {
  for (int i = 0; i < 2; ++i) sums.v[i] = _mm256_add_epi32(sums.v[i], _mm256_madd_epi16(w.v[i], a.v));
}
/// high * 256 + low
inline Sums8 join(const Sums8& high, const Sums8& low) {
  Sums8 out;
  for (int i = 0; i < 2; ++i) out.v[i] = _mm256_add_epi32(_mm256_slli_epi32(high.v[i], 8), low.v[i]);
  return out;
}
inline void finish(const Sums8& sums, int32_t* out) {
  // Lanes of the horizontal sum: outputs 0 1 4 5, 2 3 6 7.
  const __m256i pairs = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums.v[0], sums.v[1]), 0xd8);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), pairs);
}

#else

typedef uint8_t Bytes8 __attribute__((vector_size(8)));
typedef int16_t Shorts8 __attribute__((vector_size(16)));
typedef int32_t Ints4 __attribute__((vector_size(16)));

struct Weights8 {
  Shorts8 v[4];  // two outputs each
};
struct Inputs4 {
  Shorts8 v;
};
struct Sums8 {
  Ints4 v[8] = {};  // the four inputs of one output
};

inline Weights8 widen(const uint8_t* bytes) {
  Weights8 out;
  for (int i = 0; i < 4; ++i) {
    Bytes8 part;
    __builtin_memcpy(&part, bytes + i * 8, sizeof part);
    out.v[i] = __builtin_convertvector(part, Shorts8);
  }
  return out;
}
inline Weights8 read_bytes(const std::byte* at) { return widen(reinterpret_cast<const uint8_t*>(at)); }
inline Weights8 read_halves(const std::byte* at, int which) {
  uint8_t bytes[32];
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<uint8_t>(which == 0 ? static_cast<uint8_t>(at[i]) & 15 : static_cast<uint8_t>(at[i]) >> 4);
  return widen(bytes);
}
inline Inputs4 read_inputs(const std::byte* at) {
  Inputs4 out;
  for (int i = 0; i < 8; ++i) out.v[i] = static_cast<int8_t>(at[i % 4]);
  return out;
}
inline void add_products(Sums8& sums, const Weights8& w, const Inputs4& a) {
  for (int i = 0; i < 4; ++i) {
    const Shorts8 products = w.v[i] * a.v;
    const Shorts8 swapped = __builtin_shuffle(products, Shorts8{4, 5, 6, 7, 0, 1, 2, 3});
    typedef int16_t Shorts4 __attribute__((vector_size(8)));
    Shorts4 first, second;
    __builtin_memcpy(&first, &products, sizeof first);
    __builtin_memcpy(&second, &swapped, sizeof second);
    sums.v[2 * i] += __builtin_convertvector(first, Ints4);
    sums.v[2 * i + 1] += __builtin_convertvector(second, Ints4);
  }
}
inline Sums8 join(const Sums8& high, const Sums8& low) {
  Sums8 out;
  for (int i = 0; i < 8; ++i) out.v[i] = high.v[i] * 256 + low.v[i];
  return out;
}
inline void finish(const Sums8& sums, int32_t* out) {
  for (int i = 0; i < 8; ++i) out[i] = sums.v[i][0] + sums.v[i][1] + sums.v[i][2] + sums.v[i][3];
}

#endif

/// Half a panel of one layer by kRows rows: `panel` is its start, `side` 0 or 1, `values` [kRows, 8] out.
template <int kPlanes, int kRows>
void multiply_planes(const std::byte* a, size_t a_stride, const std::byte* panel, int side, int32_t k, float (*values)[kHalf]) {
  Sums8 high[kRows], cross[kRows], low[kRows];
  const std::byte* w = panel + 64 + side * 32;
  const std::byte* hi = a + activation_hi_at();
  const size_t lo = activation_lo_at(k) - activation_hi_at();
  for (int32_t i = 0; i < padded_inputs(k); i += 64, w += 1024 * kPlanes) {
    for (int32_t line = 0; line < 16; ++line, hi += 4) {
      const Weights8 hi_w = read_bytes(w + line * 64);
      if constexpr (kPlanes == 1) {
        for (int r = 0; r < kRows; ++r) add_products(high[r], hi_w, read_inputs(hi + static_cast<size_t>(r) * a_stride));
      } else {
        const Weights8 lo_w = read_bytes(w + 1024 + line * 64);
        for (int r = 0; r < kRows; ++r) {
          const std::byte* row = hi + static_cast<size_t>(r) * a_stride;
          const Inputs4 hi_a = read_inputs(row), lo_a = read_inputs(row + lo);
          add_products(high[r], hi_w, hi_a);
          add_products(cross[r], lo_w, hi_a);
          add_products(cross[r], hi_w, lo_a);
          add_products(low[r], lo_w, lo_a);
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const ActivationHead head = read_head(a + static_cast<size_t>(r) * a_stride);
    int32_t highs[kHalf], crosses[kHalf], lows[kHalf];
    finish(high[r], highs);
    finish(cross[r], crosses);
    finish(low[r], lows);
    for (int c = 0; c < kHalf; ++c) {
      // The weights' bytes are 128 too large.
      const float scale = read_float(panel + (side * kHalf + c) * 4), whole = static_cast<float>(highs[c] - head.sum_hi * 128);
      if constexpr (kPlanes == 1) {
        values[r][c] = whole * scale * head.scale;
      } else {
        const auto middle = static_cast<float>(crosses[c] - (head.sum_hi + head.sum_lo) * 128), rest = static_cast<float>(lows[c] - head.sum_lo * 128);
        values[r][c] = ((whole * 256.0f + middle) * 256.0f + rest) * scale * head.scale;
      }
    }
  }
}

template <WeightForm kForm, int kRows>
void multiply_groups(const std::byte* a, size_t a_stride, const std::byte* panel, int side, int32_t k, float (*values)[kHalf]) {
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kHalf; ++c) values[r][c] = 0;
  }
  const size_t lo = activation_lo_at(k) - activation_hi_at();
  for (int32_t i = 0; i < k; i += kGroupInputs, panel += group_bytes(kForm)) {
    Sums8 high[kRows], low[kRows];
    for (int line = 0; line < kGroupInputs / 4; ++line) {
      const Weights8 w = kForm == WeightForm::kEights ? read_bytes(panel + line * 64 + side * 32) : read_halves(panel + line / 2 * 64 + side * 32, line % 2);
      for (int r = 0; r < kRows; ++r) {
        const std::byte* hi = a + static_cast<size_t>(r) * a_stride + activation_hi_at() + i + line * 4;
        add_products(high[r], w, read_inputs(hi));
        add_products(low[r], w, read_inputs(hi + lo));
      }
    }
    const std::byte* scales = panel + group_numbers(kForm);
    float d[kHalf], m[kHalf];
    for (int c = 0; c < kHalf; ++c) {
      if constexpr (kForm == WeightForm::kFoursWide) {
        d[c] = read_float(scales + (side * kHalf + c) * 4);
        m[c] = read_float(scales + 64 + (side * kHalf + c) * 4);
      } else {
        half halves[2];
        __builtin_memcpy(halves, scales + (side * kHalf + c) * 2, 2);
        __builtin_memcpy(halves + 1, scales + 32 + (side * kHalf + c) * 2, 2);
        d[c] = half_to_float(halves[0]);
        m[c] = half_to_float(halves[1]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      int32_t products[kHalf];
      finish(join(high[r], low[r]), products);
      const float sum = read_float(a + static_cast<size_t>(r) * a_stride + activation_groups_at(k) + i / kGroupInputs * 4);
      for (int c = 0; c < kHalf; ++c) values[r][c] = __builtin_fmaf(m[c], sum, __builtin_fmaf(d[c], static_cast<float>(products[c]), values[r][c]));
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const float scale = read_head(a + static_cast<size_t>(r) * a_stride).scale;
    for (int c = 0; c < kHalf; ++c) values[r][c] *= scale;
  }
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
