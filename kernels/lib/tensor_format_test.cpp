// Every format against two other readers: gguf-py and ml_dtypes on random bytes (golden/formats.bin, made by
// tools/peers/formats_golden.py), and a writer that puts each number of a block at its bit and says in double what it means.
#include "tensor_format.h"

#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "test_golden_file.h"
#include "half.h"

using namespace slackwater;

namespace {

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

void check_golden() {
  GoldenFile file(std::string(SLACKWATER_SOURCE_DIR) + "/lib/golden/formats.bin", "SWQF");
  const uint32_t formats = file.number();
  CHECK(formats == 16, "%u formats in %s, 16 here", formats, file.path());
  for (uint32_t f = 0; f < formats; ++f) {
    const uint32_t format = file.number(), blocks = file.number(), values = file.number(), bytes = file.number();
    const FormatBlock block = format_block(format);
    CHECK(block.values == values && block.bytes == bytes, "%s: %u values in %u bytes, not %u in %u", format_name(format), block.values, block.bytes, values, bytes);
    std::vector<std::byte> raw(size_t{blocks} * bytes);
    std::vector<float> want(size_t{blocks} * values), got(want.size() + 1, 7.0f);
    file.read(raw.data(), raw.size());
    file.read(want.data(), want.size() * sizeof(float));
    dequantize(static_cast<TensorFormat>(format), raw.data(), want.size(), got.data());
    for (size_t i = 0; i < want.size(); ++i) CHECK(same_bits(got[i], want[i]), "%s: value %zu is %a, not %a", format_name(format), i, got[i], want[i]);
    CHECK(got.back() == 7.0f, "%s writes beyond its values", format_name(format));
  }
}

/// One block as its description reads: fields are drawn and put, bit by bit, where the description says.
class Drawn {
 public:
  /// `kind` 0 draws evenly, 1 and 2 take every number's least and greatest.
  Drawn(TensorFormat format, TestRandom& random, int kind)
      : bytes(format_block(static_cast<uint32_t>(format)).bytes), random_(random), kind_(kind) {}

  std::vector<uint8_t> bytes;
  std::vector<double> values;

  double half_at(size_t byte) {
    const half extremes[] = {0x0001, 0x7bff, 0xfbff, 0x8001, 0x0000, 0x8000};
    const half bits = kind_ == 0 ? half_from_float(random_.uniform() * 100) : extremes[random_.below(6)];
    bytes[byte] = static_cast<uint8_t>(bits & 0xff);
    bytes[byte + 1] = static_cast<uint8_t>(bits >> 8);
    return half_to_float(bits);
  }
  int draw(int width) { return kind_ == 0 ? random_.below(1 << width) : kind_ == 1 ? 0 : (1 << width) - 1; }
  /// Bits [from, from + width) of `number` become bits [at, at + width) of the byte.
  void put(size_t byte, int at, int number, int from, int width) {
    bytes[byte] = static_cast<uint8_t>(bytes[byte] | (number >> from & ((1 << width) - 1)) << at);
  }

 private:
  TestRandom& random_;
  int kind_;
};

void draw_32(Drawn& out, TensorFormat format) {
  const bool has_min = format == TensorFormat::kQ4_1 || format == TensorFormat::kQ5_1;
  const bool has_fifth = format == TensorFormat::kQ5_0 || format == TensorFormat::kQ5_1;
  const double d = out.half_at(0), m = has_min ? out.half_at(2) : 0;
  const size_t high = has_min ? 4 : 2, low = has_fifth ? high + 4 : high;
  const int steps[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  for (size_t i = 0; i < 32; ++i) {
    const int width = format == TensorFormat::kQ8_0 ? 8 : has_fifth ? 5 : 4, q = out.draw(width);
    if (width == 8) {
      out.put(2 + i, 0, q, 0, 8);
      out.values.push_back(d * (q < 128 ? q : q - 256));
      continue;
    }
    out.put(low + i % 16, i < 16 ? 0 : 4, q, 0, 4);
    if (has_fifth) out.put(high + i / 8, static_cast<int>(i % 8), q, 4, 1);
    if (format == TensorFormat::kIq4Nl) out.values.push_back(d * steps[q]);
    else out.values.push_back(has_min ? d * q + m : d * (q - (1 << (width - 1))));
  }
}

/// The twos of Q2_K and Q3_K, and the high bits of Q6_K: 128 values to 32 bytes, four planes.
void put_twos(Drawn& out, size_t start, size_t i, int q, int from) {
  out.put(start + i / 128 * 32 + i % 32, static_cast<int>(i % 128 / 32 * 2), q, from, 2);
}

void draw_2k_3k(Drawn& out, bool is_3k) {
  const double d = out.half_at(is_3k ? 108 : 80), m = is_3k ? 0 : out.half_at(82);
  int scale[16], minimum[16];
  for (size_t g = 0; g < 16; ++g) {
    scale[g] = out.draw(is_3k ? 6 : 4);
    minimum[g] = is_3k ? 0 : out.draw(4);
    if (is_3k) {
      out.put(96 + g % 8, g < 8 ? 0 : 4, scale[g], 0, 4);
      out.put(104 + g % 4, static_cast<int>(g / 4 * 2), scale[g], 4, 2);
    } else {
      out.put(g, 0, scale[g], 0, 4);
      out.put(g, 4, minimum[g], 0, 4);
    }
  }
  for (size_t i = 0; i < 256; ++i) {
    const int q = out.draw(is_3k ? 3 : 2);
    put_twos(out, is_3k ? 32 : 16, i, q, 0);
    if (is_3k) out.put(i % 32, static_cast<int>(i / 32), q, 2, 1);
    out.values.push_back(is_3k ? d * (scale[i / 16] - 32) * (q - 4) : d * scale[i / 16] * q - m * minimum[i / 16]);
  }
}

void draw_4k_5k(Drawn& out, bool is_5k) {
  const double d = out.half_at(0), m = out.half_at(2);
  int scale[8], minimum[8];
  for (size_t g = 0; g < 8; ++g) {
    scale[g] = out.draw(6);
    minimum[g] = out.draw(6);
    if (g < 4) {
      out.put(4 + g, 0, scale[g], 0, 6);
      out.put(8 + g, 0, minimum[g], 0, 6);
    } else {
      out.put(8 + g, 0, scale[g], 0, 4);
      out.put(8 + g, 4, minimum[g], 0, 4);
      out.put(g, 6, scale[g], 4, 2);
      out.put(4 + g, 6, minimum[g], 4, 2);
    }
  }
  for (size_t i = 0; i < 256; ++i) {
    const int q = out.draw(is_5k ? 5 : 4);
    out.put((is_5k ? 48 : 16) + i / 64 * 32 + i % 32, i % 64 < 32 ? 0 : 4, q, 0, 4);
    if (is_5k) out.put(16 + i % 32, static_cast<int>(i / 32), q, 4, 1);
    out.values.push_back(d * scale[i / 32] * q - m * minimum[i / 32]);
  }
}

void draw_6k(Drawn& out) {
  const double d = out.half_at(208);
  int scale[16];
  for (size_t g = 0; g < 16; ++g) {
    scale[g] = out.draw(8);
    out.put(192 + g, 0, scale[g], 0, 8);
    if (scale[g] > 127) scale[g] -= 256;
  }
  for (size_t i = 0; i < 256; ++i) {
    const int q = out.draw(6);
    out.put(i / 128 * 64 + i % 64, i % 128 < 64 ? 0 : 4, q, 0, 4);
    put_twos(out, 128, i, q, 4);
    out.values.push_back(d * scale[i / 16] * (q - 32));
  }
}

/// What is drawn is exact in double; the reader rounds at its one sum, so it gives the nearest float32 of it.
void check_written_blocks() {
  TestRandom random(5);
  for (const TensorFormat format : {TensorFormat::kQ4_0, TensorFormat::kQ4_1, TensorFormat::kQ5_0, TensorFormat::kQ5_1, TensorFormat::kQ8_0, TensorFormat::kIq4Nl,
                                    TensorFormat::kQ2_K, TensorFormat::kQ3_K, TensorFormat::kQ4_K, TensorFormat::kQ5_K, TensorFormat::kQ6_K}) {
    const auto number = static_cast<uint32_t>(format);
    for (int round = 0; round < 300; ++round) {
      Drawn drawn(format, random, round % 3);
      if (format_block(number).values == 32) draw_32(drawn, format);
      else if (format == TensorFormat::kQ6_K) draw_6k(drawn);
      else if (format == TensorFormat::kQ4_K || format == TensorFormat::kQ5_K) draw_4k_5k(drawn, format == TensorFormat::kQ5_K);
      else draw_2k_3k(drawn, format == TensorFormat::kQ3_K);
      std::vector<float> got(drawn.values.size());
      dequantize(format, reinterpret_cast<const std::byte*>(drawn.bytes.data()), got.size(), got.data());
      for (size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i] == static_cast<float>(drawn.values[i]), "%s, round %d: value %zu is %a, not %a", format_name(number), round, i, got[i], drawn.values[i]);
      }
    }
  }
}

void check_f8() {
  for (int bits = 0; bits < 256; ++bits) {
    const auto byte = static_cast<std::byte>(bits);
    const int sign = bits < 128 ? 1 : -1, e4 = bits >> 3 & 15, m3 = bits & 7, e5 = bits >> 2 & 31, m2 = bits & 3;
    float got;
    dequantize(TensorFormat::kF8E4m3, &byte, 1, &got);
    const double e4m3 = e4 == 15 && m3 == 7 ? NAN : sign * (e4 == 0 ? std::ldexp(m3, -9) : std::ldexp(8 + m3, e4 - 10));
    CHECK(same_bits(got, static_cast<float>(e4m3)) || (got == 0 && e4m3 == 0), "E4M3 %02x is %a, not %a", bits, got, e4m3);
    dequantize(TensorFormat::kF8E5m2, &byte, 1, &got);
    const double e5m2 = e5 == 31 ? (m2 == 0 ? sign * INFINITY : NAN) : sign * (e5 == 0 ? std::ldexp(m2, -16) : std::ldexp(4 + m2, e5 - 17));
    CHECK(same_bits(got, static_cast<float>(e5m2)) || (got == 0 && e5m2 == 0), "E5M2 %02x is %a, not %a", bits, got, e5m2);
  }
}

void check_names() {
  CHECK(known_gguf_formats() == "F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1, Q5_0, Q4_K, Q4_1, Q4_0, IQ4_NL, Q3_K, Q2_K", "%s", known_gguf_formats().c_str());
  CHECK(format_block(9).values == 0 && format_block(9).bytes == 0 && std::string(format_name(9)) == "?", "a number of no format");
}

}  // namespace

int main() {
  check_golden();
  check_written_blocks();
  check_f8();
  check_names();
  std::puts("tensor format: ok");
}
