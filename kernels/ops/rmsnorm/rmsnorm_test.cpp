#include "rmsnorm.h"

#include "../op_test.h"

using namespace slackwater;

namespace {

void check_reference() {
  float x[4] = {3, 4, 0, 0}, weight[4] = {1, 1, 1, 2};
  Guarded out(4);
  CHECK(rmsnorm_ref({out.data(), x, weight, 1, 4, 0.0f}) == Status::kOk, "hand-computed row");
  CHECK(std::fabs(out.data()[0] - 1.2f) < 1e-6f && std::fabs(out.data()[1] - 1.6f) < 1e-6f, "3, 4, 0, 0 has root mean square 2.5");
  out.check("rmsnorm_ref");
}

void check_level(const CpuOps& ops, TestRandom& random) {
  for (const int32_t cols : kHurtingSizes) {
    for (const int32_t rows : {0, 1, 33}) {
      const size_t count = static_cast<size_t>(rows) * cols;
      std::vector<float> x = random_values(random, count, 100);
      const std::vector<float> weight = random_values(random, static_cast<size_t>(cols));
      Guarded want(count), got(count);
      CHECK(rmsnorm_ref({want.data(), x.data(), weight.data(), rows, cols, 1e-5f}) == Status::kOk, "reference");
      CHECK(ops.rmsnorm({got.data(), x.data(), weight.data(), rows, cols, 1e-5f}) == Status::kOk, "%s", isa_name(ops.isa));
      CHECK(rel_l2(got.data(), want.data(), count) < 3e-7, "%s, %d x %d: relL2 %.1e", isa_name(ops.isa), rows, cols, rel_l2(got.data(), want.data(), count));
      got.check("rmsnorm");
      ops.rmsnorm({x.data(), x.data(), weight.data(), rows, cols, 1e-5f});
      CHECK(rel_l2(x.data(), got.data(), count) == 0, "%s: in place differs", isa_name(ops.isa));
    }
  }
  CHECK(ops.rmsnorm({nullptr, nullptr, nullptr, 1, 0, 0}) == Status::kBadShape, "no columns");
  CHECK(ops.rmsnorm({nullptr, nullptr, nullptr, -1, 4, 0}) == Status::kBadShape, "negative rows");
}

}  // namespace

int main() {
  TestRandom random(11);
  check_reference();
  for (const CpuOps* ops : every_level()) check_level(*ops, random);
  std::puts("rmsnorm: ok");
}
