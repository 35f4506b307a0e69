#pragma once

// Inner loops of gemm for narrower vectors: 8 outputs at a time, all products of 16-bit numbers. avx2 multiplies and adds pairs
// by vpmaddwd, which is exact here: no number is -32768. Only for gemm_cpu.cpp.

#include "finish.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// Half a panel.
constexpr int kHalf = kGemmColumns / 2;

/// What the inner loops see of a GemmArgs.
struct HalfPanel {
  const std::byte* a;  // of the first row
  size_t a_stride;
  const std::byte* panel;
  int side;  // 0 or 1
  int32_t k;

  const std::byte* row(int r) const { return a + static_cast<size_t>(r) * a_stride; }
  /// Of this half, in what stands [16] of `size` bytes.
  const std::byte* mine(const std::byte* at, int size) const { return at + side * kHalf * size; }
};

#if defined(SLACKWATER_ISA_avx2)

/// 2 inputs of 8 outputs; sums of 8 outputs.
typedef __m256i Words16;
struct Sums8 {
  __m256i v = _mm256_setzero_si256();
};

inline Words16 read_line(const std::byte* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
/// (line >> shift) & mask, in every word.
inline Words16 part_of(Words16 line, int shift, int16_t mask) { return _mm256_and_si256(_mm256_srli_epi16(line, shift), _mm256_set1_epi16(mask)); }
inline Words16 spread(const int16_t* of_output) {
  const __m256i low = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(of_output)));
  return _mm256_or_si256(low, _mm256_slli_epi32(low, 16));
}
inline Words16 stepped(Words16 numbers, Words16 d, Words16 m) { return _mm256_add_epi16(_mm256_mullo_epi16(numbers, d), m); }
inline void add_products(Sums8& sums, Words16 weights, int32_t inputs) { sums.v = _mm256_add_epi32(sums.v, _mm256_madd_epi16(weights, _mm256_set1_epi32(inputs))); }
inline void read_sums(const Sums8& sums, int32_t* out) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), sums.v); }

#else

struct Words16 {
  int16_t v[16];
};
struct Sums8 {
  uint32_t v[8] = {};  // Sums wrap.
};

inline Words16 read_line(const std::byte* at) {
  Words16 out;
  __builtin_memcpy(&out, at, sizeof out);
  return out;
}
inline Words16 part_of(const Words16& line, int shift, int16_t mask) {
  Words16 out;
  for (int i = 0; i < 16; ++i) out.v[i] = static_cast<int16_t>(static_cast<uint16_t>(line.v[i]) >> shift & mask);
  return out;
}
inline Words16 spread(const int16_t* of_output) {
  Words16 out;
  for (int i = 0; i < 16; ++i) out.v[i] = of_output[i / 2];
  return out;
}
inline Words16 stepped(const Words16& numbers, const Words16& d, const Words16& m) {
  Words16 out;
  for (int i = 0; i < 16; ++i) out.v[i] = static_cast<int16_t>(numbers.v[i] * d.v[i] + m.v[i]);
  return out;
}
inline void add_products(Sums8& sums, const Words16& weights, int32_t inputs) {
  int16_t pair[2];
  __builtin_memcpy(pair, &inputs, sizeof pair);
  for (int c = 0; c < 8; ++c) sums.v[c] += static_cast<uint32_t>(weights.v[2 * c] * pair[0]) + static_cast<uint32_t>(weights.v[2 * c + 1] * pair[1]);
}
inline void read_sums(const Sums8& sums, int32_t* out) { __builtin_memcpy(out, sums.v, sizeof sums.v); }

#endif

inline int32_t read_int(const std::byte* at) {
  int32_t value;
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}

/// Two values of a row of bytes as two words.
inline int32_t two_bytes(const std::byte* first, const std::byte* second) {
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int8_t>(*first)) & 0xffff) | static_cast<int32_t>(static_cast<uint32_t>(static_cast<int8_t>(*second)) << 16);
}

/// As finish_words; `less` is taken from the sum before.
inline void finish(const HalfPanel& part, int r, const Sums8& sums, int32_t less, float* values) {
  int32_t wholes[kHalf];
  read_sums(sums, wholes);
  const float scale = read_head(part.row(r)).scale;
  for (int c = 0; c < kHalf; ++c) values[c] = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(wholes[c]) - static_cast<uint32_t>(less))) * read_float(part.mine(part.panel, 4) + c * 4) * scale;
}

template <int kRows>
void multiply_words(const HalfPanel& part, float (*values)[kHalf]) {
  Sums8 sums[kRows];
  const std::byte* w = part.mine(part.panel + panel_head(WeightForm::kWords), 4);
  for (int32_t i = 0; i < part.k; i += 4, w += 128) {
    for (int line = 0; line < 2; ++line) {
      const Words16 weights = read_line(w + line * 64);
      for (int r = 0; r < kRows; ++r) add_products(sums[r], weights, read_int(part.row(r) + activation_numbers_at() + i * 2 + line * 4));
    }
  }
  for (int r = 0; r < kRows; ++r) finish(part, r, sums[r], 0, values[r]);
}

template <int kRows>
void multiply_bytes(const HalfPanel& part, float (*values)[kHalf]) {
  Sums8 sums[kRows];
  const std::byte* w = part.mine(part.panel + panel_head(WeightForm::kBytes), 4);
  for (int32_t i = 0; i < padded_inputs(part.k); i += 4, w += 64) {
    const Words16 both = read_line(w), even = part_of(both, 0, 255), odd = part_of(both, 8, 255);
    for (int r = 0; r < kRows; ++r) {
      const std::byte* a = part.row(r) + activation_numbers_at() + i;
      add_products(sums[r], even, two_bytes(a, a + 2));
      add_products(sums[r], odd, two_bytes(a + 1, a + 3));
    }
  }
  for (int r = 0; r < kRows; ++r) finish(part, r, sums[r], read_head(part.row(r)).sum_hi * 128, values[r]);  // The weights are 128 too large.
}

/// Products of a group's inputs, from input i on, with its 16 lines; `numbers(line)` answers them.
template <int kRows, class Numbers>
void add_group(const HalfPanel& part, int32_t i, Sums8 (&sums)[kRows], const Numbers& numbers) {
  for (int line = 0; line < 16; ++line) {
    const Words16 weights = numbers(line);
    for (int r = 0; r < kRows; ++r) add_products(sums[r], weights, read_int(part.row(r) + activation_numbers_at() + i * 2 + line * 4));
  }
}

template <int kRows>
void multiply_fours(const HalfPanel& part, float (*values)[kHalf]) {
  Sums8 sums[kRows];
  const std::byte* group = part.panel + panel_head(WeightForm::kFours);
  for (int32_t i = 0; i < part.k; i += kGroupInputs, group += group_bytes(WeightForm::kFours)) {
    int16_t steps[2][kHalf];
    for (int s = 0; s < 2; ++s) __builtin_memcpy(steps[s], part.mine(group + group_numbers(WeightForm::kFours) + s * 32, 2), sizeof steps[s]);
    const Words16 d = spread(steps[0]), m = spread(steps[1]);
    constexpr int kShifts[4] = {0, 8, 4, 12};
    add_group(part, i, sums, [&](int line) { return stepped(part_of(read_line(part.mine(group + line / 4 * 64, 4)), kShifts[line % 4], 15), d, m); });
  }
  for (int r = 0; r < kRows; ++r) finish(part, r, sums[r], 0, values[r]);
}

template <int kRows>
void multiply_eights(const HalfPanel& part, float (*values)[kHalf]) {
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kHalf; ++c) values[r][c] = 0;
  }
  const std::byte* group = part.panel;
  for (int32_t i = 0; i < part.k; i += kGroupInputs, group += group_bytes(WeightForm::kEights)) {
    Sums8 sums[kRows];
    add_group(part, i, sums, [&](int line) { return part_of(read_line(part.mine(group + line / 2 * 64, 4)), line % 2 * 8, 255); });
    half scales[2][kHalf];
    for (int s = 0; s < 2; ++s) __builtin_memcpy(scales[s], part.mine(group + group_numbers(WeightForm::kEights) + s * 32, 2), sizeof scales[s]);
    for (int r = 0; r < kRows; ++r) {
      int32_t products[kHalf];
      read_sums(sums[r], products);
      const auto sum = static_cast<float>(read_int(part.row(r) + activation_groups_at(part.k) + i / kGroupInputs * 4));
      for (int c = 0; c < kHalf; ++c) values[r][c] = __builtin_fmaf(half_to_float(scales[1][c]), sum, __builtin_fmaf(half_to_float(scales[0][c]), static_cast<float>(products[c]), values[r][c]));
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const float scale = read_head(part.row(r)).scale;
    for (int c = 0; c < kHalf; ++c) values[r][c] *= scale;
  }
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
