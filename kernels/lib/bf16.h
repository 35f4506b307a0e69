#pragma once

#include <cstdint>
#include <cstring>

namespace slackwater {

/// The 16 high bits of a float32.
using bf16 = uint16_t;

static inline float bf16_to_float(bf16 value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

/// Rounds to nearest, ties to even. NaN stays NaN (the payload is dropped), overflow becomes infinity.
static inline bf16 bf16_from_float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<bf16>((bits >> 16) | 0x40u);
  return static_cast<bf16>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace slackwater
