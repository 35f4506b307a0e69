#include "embedding.h"

#include <cstring>

#include "../../lib/half.h"
#include "../op_test.h"

using namespace slackwater;

namespace {

void check_rows_are_gathered() {
  const float table[6] = {1, 2, 3, 4, 5, 6};
  const int32_t tokens[3] = {2, 0, 2};
  Guarded out(6);
  const EmbeddingArgs args{out.data(), reinterpret_cast<const std::byte*>(table), tokens, TensorFormat::kF32, 3, 2, 3};
  CHECK(embedding(args) == Status::kOk, "three rows of two");
  const float want[6] = {5, 6, 1, 2, 5, 6};
  CHECK(rel_l2(out.data(), want, 6) == 0, "rows 2, 0, 2");
  out.check("embedding");
}

void check_bad_arguments_write_nothing() {
  const float table[2] = {1, 2};
  Guarded out(4, 9);
  for (const int32_t token : {-1, 1}) {
    const int32_t tokens[2] = {0, token};
    CHECK(embedding({out.data(), reinterpret_cast<const std::byte*>(table), tokens, TensorFormat::kF32, 2, 2, 1}) == Status::kBadShape, "token %d of 1", token);
    CHECK(out.data()[0] == 9, "nothing is written");
  }
  CHECK(embedding({out.data(), nullptr, nullptr, TensorFormat::kF32, 0, 2, 1}) == Status::kOk, "no rows");
  CHECK(embedding({out.data(), nullptr, nullptr, TensorFormat::kQ8_0, 0, 33, 1}) == Status::kBadShape, "33 values in blocks of 32");
}

/// Each format against values worked out by hand from the bytes.
void check_formats() {
  std::byte block[34] = {};
  float out[32];
  const half scale = half_from_float(0.5f), minimum = half_from_float(-3.0f);
  std::memcpy(block, &scale, 2);
  block[2] = std::byte{0xfe};  // -2
  block[33] = std::byte{100};
  dequantize(TensorFormat::kQ8_0, block, 32, out);
  CHECK(out[0] == -1 && out[1] == 0 && out[31] == 50, "Q8_0 gave %g, %g, %g", out[0], out[1], out[31]);
  block[2] = std::byte{0xf1};  // Value 0: 1, value 16: 15.
  dequantize(TensorFormat::kQ4_0, block, 32, out);
  CHECK(out[0] == -3.5f && out[16] == 3.5f && out[1] == -4, "Q4_0 gave %g, %g, %g", out[0], out[16], out[1]);
  std::memcpy(block + 2, &minimum, 2);
  block[4] = std::byte{0xf1};
  dequantize(TensorFormat::kQ4_1, block, 32, out);
  CHECK(out[0] == -2.5f && out[16] == 4.5f && out[1] == -3, "Q4_1 gave %g, %g, %g", out[0], out[16], out[1]);
  const uint16_t halves[2] = {0x3c00, 0xc000}, brains[2] = {0x3f80, 0xc000};
  dequantize(TensorFormat::kF16, reinterpret_cast<const std::byte*>(halves), 2, out);
  CHECK(out[0] == 1 && out[1] == -2, "F16 gave %g, %g", out[0], out[1]);
  dequantize(TensorFormat::kBf16, reinterpret_cast<const std::byte*>(brains), 2, out);
  CHECK(out[0] == 1 && out[1] == -2, "BF16 gave %g, %g", out[0], out[1]);
  CHECK(format_block(9).values == 0, "Q8_1 is not known");
}

}  // namespace

int main() {
  check_rows_are_gathered();
  check_bad_arguments_write_nothing();
  check_formats();
  std::puts("embedding: ok");
}
