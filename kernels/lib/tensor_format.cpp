#include "tensor_format.h"

#include <cstring>

#include "bf16.h"
#include "half.h"

namespace slackwater {
namespace {

constexpr size_t kQuantBlock = 32;

float read_half(const std::byte* at) {
  half value;
  std::memcpy(&value, at, sizeof value);
  return half_to_float(value);
}

void dequantize_q8_0(const std::byte* block, float* out) {
  const float scale = read_half(block);
  for (size_t i = 0; i < kQuantBlock; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

void dequantize_q4_0(const std::byte* block, float* out) {
  const float scale = read_half(block);
  for (size_t i = 0; i < kQuantBlock / 2; ++i) {
    const int pair = static_cast<int>(block[2 + i]);
    out[i] = scale * static_cast<float>((pair & 15) - 8);
    out[i + kQuantBlock / 2] = scale * static_cast<float>((pair >> 4) - 8);
  }
}

void dequantize_q4_1(const std::byte* block, float* out) {
  const float scale = read_half(block);
  const float minimum = read_half(block + 2);
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
      case TensorFormat::kF16: *out = read_half(data); break;
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
