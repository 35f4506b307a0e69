// Conversions to 16-bit floats: every binary16 value, and the rounding between neighbours.
#include "half.h"

#include "bf16.h"
#include "check.h"

using namespace slackwater;

namespace {

void check_every_half_survives() {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = half_to_float(static_cast<half>(bits));
    if (std::isnan(value)) {
      CHECK((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0, "%04x became NaN", bits);
      CHECK(std::isnan(half_to_float(half_from_float(value))), "NaN was lost");
    } else {
      CHECK(half_from_float(value) == bits, "%04x came back as %04x", bits, half_from_float(value));
    }
  }
  CHECK(half_to_float(0x3c00) == 1.0f && half_to_float(0x0001) == 0x1p-24f && half_to_float(0xfbff) == -kHalfMax, "known values");
}

void check_halfway_goes_to_even() {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = half_to_float(static_cast<half>(bits)), high = half_to_float(static_cast<half>(bits + 1));
    const float middle = (low + high) / 2;  // Exact in float32.
    const uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    CHECK(half_from_float(middle) == even, "%a between %04x and %04x became %04x", middle, bits, bits + 1, half_from_float(middle));
    CHECK(half_from_float(std::nextafter(middle, 0.0f)) == bits, "just below %a", middle);
    CHECK(half_from_float(-std::nextafter(middle, 1e9f)) == (0x8000 | (bits + 1)), "just above %a", middle);
  }
  CHECK(half_from_float(65519.0f) == 0x7bff && half_from_float(65520.0f) == 0x7c00, "the edge of the range");
}

void check_bf16() {
  CHECK(bf16_to_float(0x3f80) == 1.0f && bf16_to_float(0xc040) == -3.0f && bf16_to_float(0x0001) == 0x1p-133f, "known values");
  CHECK(std::isnan(bf16_to_float(0x7fc0)) && bf16_to_float(0xff80) == -INFINITY, "NaN and infinity stay");
}

}  // namespace

int main() {
  check_every_half_survives();
  check_halfway_goes_to_even();
  check_bf16();
  std::puts("half: ok");
}
