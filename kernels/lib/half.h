#pragma once

#include <cstdint>
#include <cstring>

namespace slackwater {

/// IEEE binary16, as bits.
using half = uint16_t;

constexpr float kHalfMax = 65504.0f;

/// Exact, subnormals, infinity and NaN included.
static inline float half_to_float(half value) {
  uint32_t bits = static_cast<uint32_t>(value & 0x7fff) << 13;  // As a float32 this is 2^112 times too small.
  float out;
  std::memcpy(&out, &bits, sizeof out);
  out *= 0x1p112f;
  std::memcpy(&bits, &out, sizeof bits);
  if ((value & 0x7c00) == 0x7c00) bits |= 0x7f800000u;
  bits |= static_cast<uint32_t>(value & 0x8000) << 16;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

/// Rounds to nearest, ties to even; beyond ±65504 (by half a step or more) becomes infinity.
static inline half half_from_float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000u;
  bits &= 0x7fffffffu;
  if (bits > 0x7f800000u) return static_cast<half>(sign | 0x7e00u);
  if (bits >= 0x477ff000u) return static_cast<half>(sign | 0x7c00u);
  if (bits < 0x38800000u) {  // Below 2^-14: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits.
    float magnitude;
    std::memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5f;
    std::memcpy(&bits, &magnitude, sizeof bits);
    return static_cast<half>(sign | (bits - 0x3f000000u));
  }
  bits += 0xfffu + (bits >> 13 & 1u);
  return static_cast<half>(sign | ((bits - 0x38000000u) >> 13));
}

}  // namespace slackwater
