#include "gemm.h"

#include <cstring>

#include "../op_test.h"

using namespace slackwater;

namespace {

struct Case {
  int32_t n, k;
  std::vector<float> weights;  // [n, k], exactly representable in binary16
  std::vector<half> panels;    // not aligned on purpose: alignment is for speed only
  PackedWeights packed() const { return {panels.data(), n, k}; }
};

Case make_case(TestRandom& random, int32_t n, int32_t k) {
  Case out{n, k, random_values(random, static_cast<size_t>(n) * k), std::vector<half>(static_cast<size_t>(panel_count(n)) * panel_size(k))};
  for (float& weight : out.weights) weight = half_to_float(half_from_float(weight));
  for (int32_t p = 0; p < panel_count(n); ++p) {
    const int32_t first = p * kPanelColumns, count = n - first < kPanelColumns ? n - first : kPanelColumns;
    pack_panel(out.panels.data() + static_cast<size_t>(p) * panel_size(k), out.weights.data() + static_cast<size_t>(first) * k, count, k);
  }
  return out;
}

void check_shape(const CpuOps& ops, TestRandom& random, const Case& c, int32_t rows) {
  const int32_t a_stride = c.k + 3, out_stride = c.n + 5;
  const std::vector<float> a = random_values(random, static_cast<size_t>(rows) * a_stride);
  for (const bool accumulate : {false, true}) {
    Guarded want(static_cast<size_t>(rows) * out_stride, 0.25f), got(want.size(), 0.25f), alone(want.size(), 0.25f);
    CHECK(gemm_ref({want.data(), out_stride, a.data(), a_stride, c.weights.data(), c.n, c.k, rows, 0, c.n, accumulate}) == Status::kOk, "reference");
    const GemmArgs args{got.data(), out_stride, a.data(), a_stride, c.packed(), rows, 0, panel_count(c.n), accumulate};
    CHECK(ops.gemm(args) == Status::kOk, "%s", isa_name(ops.isa));
    const double error = rel_l2(got.data(), want.data(), want.size());
    CHECK(error < 5e-6, "%s, %d rows of %d by %d: relL2 %.1e", isa_name(ops.isa), rows, c.k, c.n, error);
    got.check("gemm");
    // Batch invariance: the last row alone, panel by panel, gives the same bits.
    if (rows == 0) continue;
    const size_t last = static_cast<size_t>(rows - 1);
    for (int32_t p = 0; p < panel_count(c.n); ++p) {
      ops.gemm({alone.data() + last * out_stride, out_stride, a.data() + last * a_stride, a_stride, c.packed(), 1, p, p + 1, accumulate});
    }
    const size_t bytes = static_cast<size_t>(c.n) * sizeof(float);
    CHECK(std::memcmp(alone.data() + last * out_stride, got.data() + last * out_stride, bytes) == 0, "%s, %d rows of %d by %d: a row alone differs", isa_name(ops.isa), rows, c.k, c.n);
  }
}

void check_bad_arguments(const CpuOps& ops, const Case& c) {
  float out[1], a[1];
  const GemmArgs good{out, c.n, a, c.k, c.packed(), 0, 0, 0, false};
  CHECK(ops.gemm(good) == Status::kOk, "no rows, no panels");
  GemmArgs bad = good;
  bad.panel_end = panel_count(c.n) + 1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "a panel too many");
  bad = good;
  bad.out_stride = c.n - 1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "rows of the output overlap");
  bad = good;
  bad.rows = -1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "negative rows");
}

}  // namespace

int main() {
  TestRandom random(14);
  const float identity[4] = {1, 2, 3, 4}, a[2] = {10, 1};
  float out[2] = {100, 100};
  gemm_ref({out, 2, a, 2, identity, 2, 2, 1, 0, 2, true});
  CHECK(out[0] == 112 && out[1] == 134, "[10 1] by rows [1 2], [3 4] added to 100");
  for (const int32_t n : {1, 31, 33, 96, 257}) {
    for (const int32_t k : kHurtingSizes) {
      const Case c = make_case(random, n, k);
      for (const CpuOps* ops : every_level()) {
        for (const int32_t rows : {0, 1, 2, 3, 4, 5, 7, 12, 13, 33}) check_shape(*ops, random, c, rows);
        check_bad_arguments(*ops, c);
      }
    }
  }
  std::puts("gemm: ok");
}
