#pragma once

#include <cstddef>
#include <cstdint>

namespace slackwater {

/// Weight formats that can be read, with GGUF's numbers. Quantised rows are blocks of 32 values:
/// Q8_0 { f16 scale; i8 q[32] }, Q4_0 { f16 scale; u4 q[32] }, Q4_1 { f16 scale; f16 min; u4 q[32] },
/// where byte i of a 4-bit block has value i in its low half and value i + 16 in its high half.
enum class TensorFormat : uint32_t { kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ4_1 = 3, kQ8_0 = 8, kBf16 = 30 };

/// For messages: every name in `TensorFormat`.
constexpr const char* kKnownFormats = "F32, F16, BF16, Q8_0, Q4_0, Q4_1";

/// Values and bytes of the smallest unit of a format. Both 0 when the number is not a known format.
struct FormatBlock {
  uint32_t values;
  uint32_t bytes;
};
FormatBlock format_block(uint32_t format);

/// Writes `count` values (a multiple of the format's block) as fp32. Each value is the exact product, rounded once
/// per operation in fp32: scale * q, then + min.
void dequantize(TensorFormat format, const std::byte* data, size_t count, float* out);

}  // namespace slackwater
