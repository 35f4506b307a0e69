#pragma once

#include <cstdint>
#include <cstring>

#include "half.h"

namespace slackwater {

/// FP8 as in "FP8 Formats for Deep Learning" (Micikevicius et al., 2022): a sign bit, then exponent and mantissa.

/// E5M2 is the high byte of a binary16: infinities and NaN as there, up to ±57344.
static inline float f8_e5m2_to_float(uint8_t value) { return half_to_float(static_cast<half>(value << 8)); }

/// E4M3: (-1)^s 2^(e - 7) (1 + m / 8), and 2^-6 m / 8 for e = 0. No infinity; NaN is e = 15 with m = 7 alone, so ±448 is the end.
static inline float f8_e4m3_to_float(uint8_t value) {
  const uint32_t magnitude = value & 0x7fu;
  uint32_t bits = magnitude << 20;  // As a float32 this is 2^120 times too small.
  float out;
  std::memcpy(&out, &bits, sizeof out);
  out *= 0x1p120f;
  std::memcpy(&bits, &out, sizeof bits);
  if (magnitude == 0x7f) bits = 0x7fc00000u;
  bits |= static_cast<uint32_t>(value & 0x80) << 24;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

}  // namespace slackwater
