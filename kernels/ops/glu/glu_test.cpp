#include "glu.h"

#include "../op_test.h"

using namespace slackwater;

namespace {

struct Case {
  Activation activation;
  const char* name;
  float range;   // of the values that are tried
  double error;  // relL2
  float at_one;
};
constexpr Case kCases[] = {{Activation::kSilu, "silu", 20, 3e-7, 0.7310585786f}, {Activation::kGeluTanh, "gelu", 6, 4e-7, 0.8411919906f}};

void check_level(const CpuOps& ops, TestRandom& random, const Case& c) {
  for (const int32_t cols : kHurtingSizes) {
    for (const int32_t rows : {0, 1, 5}) {
      const size_t count = static_cast<size_t>(rows) * cols;
      const std::vector<float> gate_up = random_values(random, 2 * count, c.range);
      Guarded want(count), got(count);
      CHECK(glu_ref({want.data(), gate_up.data(), rows, cols, c.activation}) == Status::kOk, "reference");
      CHECK(ops.glu({got.data(), gate_up.data(), rows, cols, c.activation}) == Status::kOk, "%s", isa_name(ops.isa));
      // Alone, a value far below zero may be off by more: what it is the exponential of is then large, and rounded.
      CHECK(count < 100 || rel_l2(got.data(), want.data(), count) < c.error, "%s of %s, %d x %d: relL2 %.1e", c.name, isa_name(ops.isa), rows, cols, rel_l2(got.data(), want.data(), count));
      for (size_t i = 0; i < count; ++i) {
        const size_t gate = i / cols * 2 * cols + i % cols;
        const double all = std::fabs(static_cast<double>(gate_up[gate]) * gate_up[gate + cols]);
        CHECK(std::fabs(static_cast<double>(got.data()[i]) - want.data()[i]) <= c.error * all, "%s of %s: %g of %g", c.name, isa_name(ops.isa), got.data()[i], want.data()[i]);
      }
      got.check("glu");
    }
  }
  const float extreme[6] = {-1000, 0, 1000, 2, 2, 2};
  float out[3];
  ops.glu({out, extreme, 1, 3, c.activation});
  CHECK(out[0] == 0 && out[1] == 0 && out[2] == 2000, "%s: %s of -1000, 0, 1000 gave %g, %g, %g", isa_name(ops.isa), c.name, out[0] / 2, out[1] / 2, out[2] / 2);
  CHECK(ops.glu({out, extreme, 1, 0, c.activation}) == Status::kBadShape, "no columns");
}

}  // namespace

int main() {
  TestRandom random(12);
  for (const Case& c : kCases) {
    const float gate_up[2] = {1, 3};
    float out;
    glu_ref({&out, gate_up, 1, 1, c.activation});
    CHECK(std::fabs(out - 3 * c.at_one) < 1e-6f, "%s(1) * 3 gave %g", c.name, out);
    for (const CpuOps* ops : every_level()) check_level(*ops, random, c);
  }
  std::puts("glu: ok");
}
