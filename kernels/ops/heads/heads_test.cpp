#include "heads.h"

#include "../op_test.h"

using namespace slackwater;

namespace {

void check_reference() {
  // One head each of two values; v gets the bias alone.
  float x[6] = {2, 4, 0, 0, 5, 5};
  const float bias[6] = {1, 0, 1, 1, 1, -1}, q_norm[2] = {1, 2}, k_norm[2] = {3, 3};
  CHECK(heads_ref({x, bias, q_norm, k_norm, 1, 1, 1, 2, 0}) == Status::kOk, "hand-computed row");
  const float q_scale = 1 / std::sqrt(12.5f);
  CHECK(std::fabs(x[0] - 3 * q_scale) < 1e-6f && std::fabs(x[1] - 8 * q_scale) < 1e-6f, "3, 4 has root mean square 3.54");
  CHECK(x[2] == 3 && x[3] == 3 && x[4] == 6 && x[5] == 4, "k by its own weights, v not at all");
}

void check_level(const CpuOps& ops, TestRandom& random) {
  constexpr int32_t kHeads = 3, kKvHeads = 2;
  for (const int32_t head_dim : {1, 31, 33, 64, 257}) {
    const int32_t stride = (kHeads + 2 * kKvHeads) * head_dim;
    const std::vector<float> bias = random_values(random, static_cast<size_t>(stride)), q_norm = random_values(random, static_cast<size_t>(head_dim)), k_norm = random_values(random, static_cast<size_t>(head_dim));
    for (const int32_t rows : {0, 1, 33}) {
      for (const bool has_bias : {false, true}) {
        for (const bool has_norm : {false, true}) {
          const std::vector<float> x = random_values(random, static_cast<size_t>(rows) * stride, 10);
          Guarded want(x.size()), got(x.size());
          std::copy(x.begin(), x.end(), want.data());
          std::copy(x.begin(), x.end(), got.data());
          const auto args = [&](Guarded& out) {
            return HeadsArgs{out.data(), has_bias ? bias.data() : nullptr, has_norm ? q_norm.data() : nullptr, has_norm ? k_norm.data() : nullptr, rows, kHeads, kKvHeads, head_dim, 1e-6f};
          };
          CHECK(heads_ref(args(want)) == Status::kOk && ops.heads(args(got)) == Status::kOk, "%s", isa_name(ops.isa));
          CHECK(rel_l2(got.data(), want.data(), x.size()) < 3e-7, "%s, heads of %d: relL2 %.1e", isa_name(ops.isa), head_dim, rel_l2(got.data(), want.data(), x.size()));
          got.check("heads");
          if (!has_bias && !has_norm) CHECK(rel_l2(got.data(), x.data(), x.size()) == 0, "nothing to do changes nothing");
        }
      }
    }
  }
  float x = 1;
  CHECK(ops.heads({&x, nullptr, &x, nullptr, 1, 1, 1, 1, 0}) == Status::kBadShape && x == 1, "a norm of q alone");
  CHECK(ops.heads({&x, nullptr, nullptr, nullptr, 1, 0, 1, 1, 0}) == Status::kBadShape, "no heads");
}

}  // namespace

int main() {
  TestRandom random(15);
  check_reference();
  for (const CpuOps* ops : every_level()) check_level(*ops, random);
  std::puts("heads: ok");
}
