#pragma once

// Blocks of 32 values, as GGUF's format description has them. Only for tensor_format.cpp and ops/gemm/pack.cpp.
//
// d and m are binary16. Of the 16 bytes `low`, byte i has value i in its low half and value i + 16 in its high half.
// Bit i of the 32 bits `high` (little-endian) is the fifth bit of value i.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "half.h"

namespace slackwater {

inline float read_half(const std::byte* at) {
  half value;
  std::memcpy(&value, at, sizeof value);
  return half_to_float(value);
}

inline int byte_at(const std::byte* at) { return static_cast<int>(*at); }

/// 0 d, 2 low (18 bytes): d (q - 8).
inline void dequantize_q4_0(const std::byte* block, float* out) {
  const float scale = read_half(block);
  for (int i = 0; i < 16; ++i) {
    const int pair = byte_at(block + 2 + i);
    out[i] = scale * static_cast<float>((pair & 15) - 8);
    out[i + 16] = scale * static_cast<float>((pair >> 4) - 8);
  }
}

/// 0 d, 2 m, 4 low (20 bytes): d q + m.
inline void dequantize_q4_1(const std::byte* block, float* out) {
  const float scale = read_half(block), minimum = read_half(block + 2);
  for (int i = 0; i < 16; ++i) {
    const int pair = byte_at(block + 4 + i);
    out[i] = scale * static_cast<float>(pair & 15) + minimum;
    out[i + 16] = scale * static_cast<float>(pair >> 4) + minimum;
  }
}

/// The 32 five-bit numbers of `high` (4 bytes), `low` (16 bytes).
inline void read_fives(const std::byte* block, int* q) {
  uint32_t high;
  std::memcpy(&high, block, sizeof high);
  for (int i = 0; i < 16; ++i) {
    const int pair = byte_at(block + 4 + i);
    q[i] = (pair & 15) | static_cast<int>(high >> i & 1) << 4;
    q[i + 16] = pair >> 4 | static_cast<int>(high >> (i + 16) & 1) << 4;
  }
}

/// 0 d, 2 high, 6 low (22 bytes): d (q - 16).
inline void dequantize_q5_0(const std::byte* block, float* out) {
  const float scale = read_half(block);
  int q[32];
  read_fives(block + 2, q);
  for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(q[i] - 16);
}

/// 0 d, 2 m, 4 high, 8 low (24 bytes): d q + m.
inline void dequantize_q5_1(const std::byte* block, float* out) {
  const float scale = read_half(block), minimum = read_half(block + 2);
  int q[32];
  read_fives(block + 4, q);
  for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(q[i]) + minimum;
}

/// 0 d, 2 i8 q[32] (34 bytes): d q.
inline void dequantize_q8_0(const std::byte* block, float* out) {
  const float scale = read_half(block);
  for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

/// 0 d, 2 low (18 bytes): d step[q], the steps finer around 0, where most weights are.
inline void dequantize_iq4_nl(const std::byte* block, float* out) {
  static constexpr int8_t kStep[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const float scale = read_half(block);
  for (int i = 0; i < 16; ++i) {
    const int pair = byte_at(block + 2 + i);
    out[i] = scale * static_cast<float>(kStep[pair & 15]);
    out[i + 16] = scale * static_cast<float>(kStep[pair >> 4]);
  }
}

}  // namespace slackwater
