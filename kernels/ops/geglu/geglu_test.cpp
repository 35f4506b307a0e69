#include "geglu.h"

#include "../op_test.h"

using namespace slackwater;

namespace {

void check_level(const CpuOps& ops, TestRandom& random) {
  for (const int32_t cols : kHurtingSizes) {
    for (const int32_t rows : {0, 1, 5}) {
      const size_t count = static_cast<size_t>(rows) * cols;
      const std::vector<float> gate_up = random_values(random, 2 * count, 6);
      Guarded want(count), got(count);
      CHECK(geglu_ref({want.data(), gate_up.data(), rows, cols}) == Status::kOk, "reference");
      CHECK(ops.geglu({got.data(), gate_up.data(), rows, cols}) == Status::kOk, "%s", isa_name(ops.isa));
      CHECK(rel_l2(got.data(), want.data(), count) < 4e-7, "%s, %d x %d: relL2 %.1e", isa_name(ops.isa), rows, cols, rel_l2(got.data(), want.data(), count));
      got.check("geglu");
    }
  }
  const float extreme[6] = {-1000, 0, 1000, 2, 2, 2};
  float out[3];
  ops.geglu({out, extreme, 1, 3});
  CHECK(out[0] == 0 && out[1] == 0 && out[2] == 2000, "%s: gelu of -1000, 0, 1000 gave %g, %g, %g", isa_name(ops.isa), out[0] / 2, out[1] / 2, out[2] / 2);
  CHECK(ops.geglu({out, extreme, 1, 0}) == Status::kBadShape, "no columns");
}

}  // namespace

int main() {
  TestRandom random(14);
  const float gate_up[2] = {1, 3};
  float out;
  geglu_ref({&out, gate_up, 1, 1});
  CHECK(std::fabs(out - 3 * 0.8411919906f) < 1e-6f, "gelu(1) * 3 gave %g", out);
  for (const CpuOps* ops : every_level()) check_level(*ops, random);
  std::puts("geglu: ok");
}
