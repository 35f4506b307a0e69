#pragma once

// Blocks of 256 values in groups of 16 or 32, each group with a small scale of its own ("K quants"), as GGUF's format
// description has them. Only for tensor_format.cpp and ops/gemm/pack.cpp.
//
// d and m are binary16, s and n a group's scale and minimum, q the value's number. Numbers of fewer than 8 bits lie in
// planes: a byte holds values that are 32 apart (64 in the low bits of Q6_K), so that one load feeds whole vectors.

#include <cstddef>
#include <cstdint>

#include "quant_block.h"

namespace slackwater {

/// 0 scales[16] (s in the low half, n in the high half), 16 twos[64], 80 d, 82 m (84 bytes): d s q - m n, groups of 16.
/// Bits 2p of twos[32 h + j] are value 128 h + 32 p + j.
inline void dequantize_q2_k(const std::byte* block, float* out) {
  const float scale = read_half(block + 80), minimum = read_half(block + 82);
  for (int group = 0; group < 16; ++group) {
    const int both = byte_at(block + group);
    const float s = scale * static_cast<float>(both & 15), n = minimum * static_cast<float>(both >> 4);
    const std::byte* twos = block + 16 + group / 8 * 32 + group % 2 * 16;
    const int shift = group % 8 / 2 * 2;
    for (int i = 0; i < 16; ++i) out[group * 16 + i] = s * static_cast<float>(byte_at(twos + i) >> shift & 3) - n;
  }
}

/// 0 thirds[32], 32 twos[64] as in Q2_K, 96 scales[12], 108 d (110 bytes): d (s - 32) (q - 4), groups of 16.
/// q's third bit is bit i / 32 of thirds[i % 32]. The low half of s of groups g and g + 8 is in scales[g], low half
/// first; its two high bits are bits 2 (g / 4) of scales[8 + g % 4].
inline void dequantize_q3_k(const std::byte* block, float* out) {
  const float scale = read_half(block + 108);
  const std::byte* scales = block + 96;
  for (int group = 0; group < 16; ++group) {
    const int low = byte_at(scales + group % 8) >> group / 8 * 4 & 15;
    const int high = byte_at(scales + 8 + group % 4) >> group / 4 * 2 & 3;
    const float s = scale * static_cast<float>((low | high << 4) - 32);
    const std::byte* twos = block + 32 + group / 8 * 32 + group % 2 * 16;
    const std::byte* thirds = block + group % 2 * 16;
    const int shift = group % 8 / 2 * 2, plane = group / 2;
    for (int i = 0; i < 16; ++i) {
      const int q = (byte_at(twos + i) >> shift & 3) | (byte_at(thirds + i) >> plane & 1) << 2;
      out[group * 16 + i] = s * static_cast<float>(q - 4);
    }
  }
}

/// Scale and minimum of a group of 32 in Q4_K and Q5_K, 6 bits each in 12 bytes: of groups 0 to 3 the low 6 bits of bytes
/// g and 4 + g; of groups 4 to 7 the low and the high half of byte 4 + g, below the 2 high bits of bytes g - 4 and g.
inline void read_group(const std::byte* scales, int group, int& s, int& n) {
  if (group < 4) {
    s = byte_at(scales + group) & 63;
    n = byte_at(scales + 4 + group) & 63;
  } else {
    const int halves = byte_at(scales + 4 + group);
    s = (halves & 15) | byte_at(scales + group - 4) >> 6 << 4;
    n = halves >> 4 | byte_at(scales + group) >> 6 << 4;
  }
}

/// 0 d, 2 m, 4 scales[12], 16 fours[128] (144 bytes): d s q - m n, groups of 32.
/// The halves of fours[32 h + j] are values 64 h + j (low) and 64 h + 32 + j (high).
inline void dequantize_q4_k(const std::byte* block, float* out) {
  const float scale = read_half(block), minimum = read_half(block + 2);
  for (int group = 0; group < 8; ++group) {
    int s, n;
    read_group(block + 4, group, s, n);
    const float step = scale * static_cast<float>(s), start = minimum * static_cast<float>(n);
    const std::byte* fours = block + 16 + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) out[group * 32 + i] = step * static_cast<float>(byte_at(fours + i) >> shift & 15) - start;
  }
}

/// 0 d, 2 m, 4 scales[12], 16 fifths[32], 48 fours[128] as in Q4_K (176 bytes): d s q - m n, groups of 32.
/// q's fifth bit is bit i / 32 of fifths[i % 32].
inline void dequantize_q5_k(const std::byte* block, float* out) {
  const float scale = read_half(block), minimum = read_half(block + 2);
  for (int group = 0; group < 8; ++group) {
    int s, n;
    read_group(block + 4, group, s, n);
    const float step = scale * static_cast<float>(s), start = minimum * static_cast<float>(n);
    const std::byte* fours = block + 48 + group / 2 * 32;
    const std::byte* fifths = block + 16;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int q = (byte_at(fours + i) >> shift & 15) | (byte_at(fifths + i) >> group & 1) << 4;
      out[group * 32 + i] = step * static_cast<float>(q) - start;
    }
  }
}

/// 0 fours[128], 128 twos[64], 192 i8 s[16], 208 d (210 bytes): d s (q - 32), groups of 16.
/// Value 128 h + 32 p + j has its low four bits in the half p / 2 of fours[64 h + 32 (p % 2) + j] and its two high bits
/// at bits 2p of twos[32 h + j].
inline void dequantize_q6_k(const std::byte* block, float* out) {
  const float scale = read_half(block + 208);
  for (int group = 0; group < 16; ++group) {
    const float s = scale * static_cast<float>(static_cast<int8_t>(block[192 + group]));
    const int side = group / 8, plane = group % 8 / 2, first = group % 2 * 16;
    const std::byte* fours = block + side * 64 + plane % 2 * 32 + first;
    const std::byte* twos = block + 128 + side * 32 + first;
    for (int i = 0; i < 16; ++i) {
      const int q = (byte_at(fours + i) >> plane / 2 * 4 & 15) | (byte_at(twos + i) >> plane * 2 & 3) << 4;
      out[group * 16 + i] = s * static_cast<float>(q - 32);
    }
  }
}

}  // namespace slackwater
