#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace slackwater {

/// BLAKE2s with a 32-byte digest, unkeyed, in one call (RFC 7693). `data` of any length below 2^64 bytes.
std::array<uint8_t, 32> blake2s_256(std::span<const uint8_t> data);

}  // namespace slackwater
