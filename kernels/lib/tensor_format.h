#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace slackwater {

/// Weight formats that can be read. Numbers below kGgufFormatsEnd are GGUF's; the others are ours, for formats that a
/// GGUF cannot hold. Blocks of 32 values are laid out in quant_block.h, of 256 in super_block.h, FP8 in float8.h.
enum class TensorFormat : uint32_t {
  kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ4_1 = 3, kQ5_0 = 6, kQ5_1 = 7, kQ8_0 = 8,
  kQ2_K = 10, kQ3_K = 11, kQ4_K = 12, kQ5_K = 13, kQ6_K = 14, kIq4Nl = 20, kBf16 = 30,
  kF8E4m3 = 1 << 16, kF8E5m2,
};
constexpr uint32_t kGgufFormatsEnd = 1 << 16;

/// For messages: the names of all formats that a GGUF can hold, with commas.
std::string known_gguf_formats();

/// "Q4_K"; "?" when the number is not a known format.
const char* format_name(uint32_t format);

/// Values and bytes of the smallest unit of a format. Both 0 when the number is not a known format.
struct FormatBlock {
  uint32_t values;
  uint32_t bytes;
};
FormatBlock format_block(uint32_t format);
constexpr uint32_t kFormatBlockMax = 256;  // Values: every format's block divides it.

/// Writes `count` values (a multiple of the format's block) as fp32; `data` needs no alignment. Where a format is
/// scale * q + min, the product is exact in fp32 (11 bits of a binary16, 8 of a scale and 5 of q at most, 24 in all),
/// so the one rounding is that of the sum.
void dequantize(TensorFormat format, const std::byte* data, size_t count, float* out);

}  // namespace slackwater
