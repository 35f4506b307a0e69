#include "tensor_format.h"

#include <cstring>

#include "bf16.h"
#include "float8.h"
#include "quant_block.h"
#include "super_block.h"

namespace slackwater {
namespace {

void read_f32(const std::byte* data, float* out) { std::memcpy(out, data, sizeof(float)); }
void read_f16(const std::byte* data, float* out) { *out = read_half(data); }
void read_f8_e4m3(const std::byte* data, float* out) { *out = f8_e4m3_to_float(static_cast<uint8_t>(*data)); }
void read_f8_e5m2(const std::byte* data, float* out) { *out = f8_e5m2_to_float(static_cast<uint8_t>(*data)); }
void read_bf16(const std::byte* data, float* out) {
  bf16 value;
  std::memcpy(&value, data, sizeof value);
  *out = bf16_to_float(value);
}

struct Format {
  TensorFormat number;
  const char* name;
  FormatBlock block;
  void (*read)(const std::byte* data, size_t blocks, float* out);
};

/// The row of a format. The loop over blocks is made for each, so that a format of one value per block is inlined into it.
template <auto read_block, uint32_t values, uint32_t bytes>
constexpr Format format(TensorFormat number, const char* name) {
  static_assert(kFormatBlockMax % values == 0);
  return {number, name, {values, bytes}, [](const std::byte* data, size_t blocks, float* out) {
            for (size_t i = 0; i < blocks; ++i) read_block(data + i * bytes, out + i * values);
          }};
}

constexpr Format kFormats[] = {
    format<read_f32, 1, 4>(TensorFormat::kF32, "F32"),
    format<read_f16, 1, 2>(TensorFormat::kF16, "F16"),
    format<read_bf16, 1, 2>(TensorFormat::kBf16, "BF16"),
    format<dequantize_q8_0, 32, 34>(TensorFormat::kQ8_0, "Q8_0"),
    format<dequantize_q6_k, 256, 210>(TensorFormat::kQ6_K, "Q6_K"),
    format<dequantize_q5_k, 256, 176>(TensorFormat::kQ5_K, "Q5_K"),
    format<dequantize_q5_1, 32, 24>(TensorFormat::kQ5_1, "Q5_1"),
    format<dequantize_q5_0, 32, 22>(TensorFormat::kQ5_0, "Q5_0"),
    format<dequantize_q4_k, 256, 144>(TensorFormat::kQ4_K, "Q4_K"),
    format<dequantize_q4_1, 32, 20>(TensorFormat::kQ4_1, "Q4_1"),
    format<dequantize_q4_0, 32, 18>(TensorFormat::kQ4_0, "Q4_0"),
    format<dequantize_iq4_nl, 32, 18>(TensorFormat::kIq4Nl, "IQ4_NL"),
    format<dequantize_q3_k, 256, 110>(TensorFormat::kQ3_K, "Q3_K"),
    format<dequantize_q2_k, 256, 84>(TensorFormat::kQ2_K, "Q2_K"),
    format<read_f8_e4m3, 1, 1>(TensorFormat::kF8E4m3, "F8_E4M3"),
    format<read_f8_e5m2, 1, 1>(TensorFormat::kF8E5m2, "F8_E5M2"),
};

const Format* find_format(uint32_t number) {
  for (const Format& format : kFormats) {
    if (static_cast<uint32_t>(format.number) == number) return &format;
  }
  return nullptr;
}

}  // namespace

std::string known_gguf_formats() {
  std::string names;
  for (const Format& format : kFormats) {
    if (static_cast<uint32_t>(format.number) >= kGgufFormatsEnd) continue;
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  return names;
}

const char* format_name(uint32_t number) {
  const Format* format = find_format(number);
  return format != nullptr ? format->name : "?";
}

FormatBlock format_block(uint32_t number) {
  const Format* format = find_format(number);
  return format != nullptr ? format->block : FormatBlock{0, 0};
}

void dequantize(TensorFormat number, const std::byte* data, size_t count, float* out) {
  const Format* format = find_format(static_cast<uint32_t>(number));
  if (format != nullptr) format->read(data, count / format->block.values, out);
}

}  // namespace slackwater
