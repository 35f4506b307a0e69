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

}  // namespace slackwater
