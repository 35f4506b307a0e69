#include "tensor_format.h"

#include <cstring>

#include "bf16.h"

namespace slackwater {
namespace {

constexpr size_t kQuantBlock = 32;

float half_to_float(const std::byte* at) {
  uint16_t half;
  std::memcpy(&half, at, sizeof half);
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;  // As float32 this is 2^112 times too small.
  float value;
  std::memcpy(&value, &bits, sizeof value);
  value *= 0x1p112f;  // Exact, subnormals too.
  std::memcpy(&bits, &value, sizeof bits);
  if ((half & 0x7c00) == 0x7c00) bits |= 0x7f800000;  // Infinity and NaN.
  bits |= sign;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void dequantize_q8_0(const std::byte* block, float* out) {
  const float scale = half_to_float(block);
  for (size_t i = 0; i < kQuantBlock; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

void dequantize_q4_0(const std::byte* block, float* out) {
  const float scale = half_to_float(block);
  for (size_t i = 0; i < kQuantBlock / 2; ++i) {
    const int pair = static_cast<int>(block[2 + i]);
    out[i] = scale * static_cast<float>((pair & 15) - 8);
    out[i + kQuantBlock / 2] = scale * static_cast<float>((pair >> 4) - 8);
  }
}

void dequantize_q4_1(const std::byte* block, float* out) {
  const float scale = half_to_float(block);
  const float minimum = half_to_float(block + 2);
  for (size_t i = 0; i < kQuantBlock / 2; ++i) {
    const int pair = static_cast<int>(block[4 + i]);
    out[i] = scale * static_cast<float>(pair & 15) + minimum;
    out[i + kQuantBlock / 2] = scale * static_cast<float>(pair >> 4) + minimum;
  }
}

}  // namespace

FormatBlock format_block(uint32_t format) {
  switch (static_cast<TensorFormat>(format)) {
    case TensorFormat::kF32: return {1, 4};
    case TensorFormat::kF16: return {1, 2};
    case TensorFormat::kBf16: return {1, 2};
    case TensorFormat::kQ4_0: return {kQuantBlock, 18};
    case TensorFormat::kQ4_1: return {kQuantBlock, 20};
    case TensorFormat::kQ8_0: return {kQuantBlock, 34};
  }
  return {0, 0};
}

void dequantize(TensorFormat format, const std::byte* data, size_t count, float* out) {
  const FormatBlock block = format_block(static_cast<uint32_t>(format));
  for (size_t i = 0; i < count; i += block.values, data += block.bytes, out += block.values) {
    switch (format) {
      case TensorFormat::kF32: std::memcpy(out, data, sizeof(float)); break;
      case TensorFormat::kF16: *out = half_to_float(data); break;
      case TensorFormat::kBf16: {
        bf16 value;
        std::memcpy(&value, data, sizeof value);
        *out = bf16_to_float(value);
        break;
      }
      case TensorFormat::kQ4_0: dequantize_q4_0(data, out); break;
      case TensorFormat::kQ4_1: dequantize_q4_1(data, out); break;
      case TensorFormat::kQ8_0: dequantize_q8_0(data, out); break;
    }
  }
}

}  // namespace slackwater
