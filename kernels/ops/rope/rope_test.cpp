#include "rope.h"

#include "../op_test.h"

using namespace slackwater;

namespace {

void check_reference() {
  float table[2 * 2 * 2];
  fill_rope_table(table, 2, 2, 100.0, nullptr);  // Pair 1 turns at 100^(-1/2) = 0.1 radians a position.
  CHECK(table[0] == 1 && table[1] == 0 && table[2] == 1 && table[3] == 0, "position 0 turns nothing");
  CHECK(std::fabs(table[4] - std::cos(1.0f)) < 1e-7f && std::fabs(table[7] - std::sin(0.1f)) < 1e-7f, "angles of position 1");
  const float factors[2] = {1, 2};
  fill_rope_table(table, 2, 2, 100.0, factors);
  CHECK(std::fabs(table[7] - std::sin(0.05f)) < 1e-7f, "a factor divides the frequency");
  float x[5] = {1, 0, 0, 2, 7};
  const int32_t position = 1;
  CHECK(rope_ref({x, &position, table, 1, 5, 1, 5, 2, 2}) == Status::kOk, "one head of five values");
  CHECK(std::fabs(x[0] - std::cos(1.0f)) < 1e-6f && std::fabs(x[1] - std::sin(1.0f)) < 1e-6f && x[4] == 7, "neighbours turn, the rest stays");
  fill_rope_table(table, 2, 2, 100.0, nullptr);
  float y[5] = {1, 0, 0, 2, 7};
  CHECK(rope_ref({y, &position, table, 1, 5, 1, 5, 2, 2, RopeLayout::kHalves}) == Status::kOk, "the same in halves");
  CHECK(std::fabs(y[0] - std::cos(1.0f)) < 1e-6f && std::fabs(y[2] - std::sin(1.0f)) < 1e-6f, "the first of each half is a pair");
  CHECK(std::fabs(y[1] + 2 * std::sin(0.1f)) < 1e-6f && std::fabs(y[3] - 2 * std::cos(0.1f)) < 1e-6f && y[4] == 7, "and so is the second");
}

void check_level(const CpuOps& ops, RopeLayout layout, TestRandom& random) {
  constexpr int32_t kTableRows = 100, kHeads = 3, kHeadDim = 70, kStride = kHeads * kHeadDim + 5;
  for (const int32_t pairs : {0, 1, 31, 33, 35}) {
    std::vector<float> table(static_cast<size_t>(kTableRows) * (pairs + 1) * 2);
    fill_rope_table(table.data(), kTableRows, pairs, 10000.0, nullptr);
    for (const int32_t rows : {0, 1, 33}) {
      std::vector<int32_t> positions;
      for (int32_t r = 0; r < rows; ++r) positions.push_back(random.below(kTableRows));
      const std::vector<float> x = random_values(random, static_cast<size_t>(rows) * kStride);
      Guarded want(x.size()), got(x.size());
      for (size_t i = 0; i < x.size(); ++i) want.data()[i] = got.data()[i] = x[i];
      rope_ref({want.data(), positions.data(), table.data(), rows, kStride, kHeads, kHeadDim, pairs, kTableRows, layout});
      const Status status = ops.rope({got.data(), positions.data(), table.data(), rows, kStride, kHeads, kHeadDim, pairs, kTableRows, layout});
      CHECK(status == Status::kOk, "%s", isa_name(ops.isa));
      CHECK(rel_l2(got.data(), want.data(), x.size()) < 1e-7, "%s: relL2 %.1e", isa_name(ops.isa), rel_l2(got.data(), want.data(), x.size()));
      got.check("rope");
      for (int32_t r = 0; r < rows; ++r) CHECK(got.data()[(r + 1) * kStride - 1] == x[static_cast<size_t>((r + 1) * kStride - 1)], "values between rows stay");
    }
  }
  float x[2] = {1, 2}, table[2] = {0, 1};
  for (const int32_t position : {-1, 1}) {
    CHECK(ops.rope({x, &position, table, 1, 2, 1, 2, 1, 1}) == Status::kBadShape && x[0] == 1, "position %d of a table of 1", position);
  }
}

}  // namespace

int main() {
  TestRandom random(13);
  check_reference();
  for (const CpuOps* ops : every_level()) {
    for (const RopeLayout layout : {RopeLayout::kPairs, RopeLayout::kHalves}) check_level(*ops, layout, random);
  }
  std::puts("rope: ok");
}
