#include "quantize.h"

#include <cstring>

#include "../op_test.h"

using namespace slackwater;

namespace {

constexpr std::byte kSentinel{0xa5};

/// Bytes of some rows between sentinels.
class GuardedRows {
 public:
  GuardedRows(int32_t rows, int32_t k, ActivationTerms terms)
      : bytes_(static_cast<size_t>(rows) * activation_stride(k) + 2 * kGuard, kSentinel), view_{bytes_.data() + kGuard, k, terms}, rows_(rows) {}
  ActivationRows view() const { return view_; }
  void check(const char* what) const {
    for (size_t i = 0; i < kGuard; ++i) CHECK(bytes_[i] == kSentinel && bytes_[bytes_.size() - 1 - i] == kSentinel, "%s wrote outside its rows", what);
  }
  /// All that a multiplication reads.
  bool is_same(const GuardedRows& other) const {
    const int32_t k = view_.k;
    const size_t planes = static_cast<size_t>(padded_inputs(k)) * static_cast<size_t>(view_.terms), groups = static_cast<size_t>(padded_inputs(k) / kGroupInputs) * sizeof(float);
    for (int32_t row = 0; row < rows_; ++row) {
      const std::byte *a = view_.row(row), *b = other.view_.row(row);
      if (std::memcmp(a, b, sizeof(ActivationHead)) != 0 || std::memcmp(a + activation_hi_at(), b + activation_hi_at(), planes) != 0) return false;
      if (view_.terms == ActivationTerms::kTwo && std::memcmp(a + activation_groups_at(k), b + activation_groups_at(k), groups) != 0) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  mutable std::vector<std::byte> bytes_;
  ActivationRows view_;
  int32_t rows_;
};

ActivationHead head_of(const ActivationRows& rows, int32_t row) {
  ActivationHead head;
  std::memcpy(&head, rows.row(row), sizeof head);
  return head;
}

int32_t number(const ActivationRows& rows, int32_t row, int32_t i) {
  const int32_t hi = static_cast<int8_t>(rows.row(row)[activation_hi_at() + static_cast<size_t>(i)]);
  if (rows.terms == ActivationTerms::kOne) return hi;
  return hi * 256 + static_cast<int8_t>(rows.row(row)[activation_lo_at(rows.k) + static_cast<size_t>(i)]);
}

/// By hand: the largest is ±32512, halves go to the even number, sums are those of the bytes.
void check_reference() {
  const GuardedRows rows(1, 3, ActivationTerms::kTwo);
  const float x[3] = {-2, 2, 127.5f / 16256};
  CHECK(quantize_ref({rows.view(), x, 3, 1}) == Status::kOk, "a row");
  const ActivationHead head = head_of(rows.view(), 0);
  CHECK(number(rows.view(), 0, 0) == -32512 && number(rows.view(), 0, 1) == 32512 && number(rows.view(), 0, 2) == 128, "%d %d %d", number(rows.view(), 0, 0), number(rows.view(), 0, 1),
        number(rows.view(), 0, 2));
  CHECK(head.scale == 2.0f / 32512 && head.sum_hi == 1 && head.sum_lo == -128, "scale %g, sums %d and %d", head.scale, head.sum_hi, head.sum_lo);
  float group;
  std::memcpy(&group, rows.view().row(0) + activation_groups_at(3), sizeof group);
  CHECK(group == 128, "sum of the group %g", group);
  CHECK(number(rows.view(), 0, 3) == 0 && number(rows.view(), 0, 63) == 0, "zeros behind the row");
}

void check_level(const CpuOps& ops, TestRandom& random, ActivationTerms terms) {
  for (const int32_t k : {1, 31, 33, 64, 65, 257, 989}) {
    for (const int32_t rows : {0, 1, 7}) {
      const std::vector<float> x = random_values(random, static_cast<size_t>(rows) * static_cast<size_t>(k + 3), 50);
      const GuardedRows want(rows, k, terms), got(rows, k, terms);
      CHECK(quantize_ref({want.view(), x.data(), k + 3, rows}) == Status::kOk, "reference");
      CHECK(ops.quantize({got.view(), x.data(), k + 3, rows}) == Status::kOk, "%s", isa_name(ops.isa));
      CHECK(got.is_same(want), "%s, %d rows of %d: bits differ", isa_name(ops.isa), rows, k);
      got.check("quantize");
      for (int32_t row = 0; row < rows; ++row) {
        const float scale = head_of(got.view(), row).scale;
        for (int32_t i = 0; i < k; ++i) {
          const float value = x[static_cast<size_t>(row) * static_cast<size_t>(k + 3) + static_cast<size_t>(i)];
          CHECK(std::fabs(value - scale * static_cast<float>(number(got.view(), row, i))) <= 0.51f * scale, "%g is %d steps of %g", value, number(got.view(), row, i), scale);
        }
      }
    }
  }
  CHECK(ops.quantize({{nullptr, 0, terms}, nullptr, 0, 1}) == Status::kBadShape, "no columns");
  CHECK(ops.quantize({{nullptr, 4, terms}, nullptr, 3, 1}) == Status::kBadShape, "rows that overlap");
  CHECK(ops.quantize({{nullptr, 4, terms}, nullptr, 4, -1}) == Status::kBadShape, "negative rows");
}

/// Zeros, values too small to have a scale, NaN, infinity, the largest float: all have a meaning, the same at every level.
void check_odd_rows(const CpuOps& ops, ActivationTerms terms) {
  constexpr int32_t k = 37;
  for (const float odd : {0.0f, 1e-38f, 1e-45f, NAN, -NAN, INFINITY, -INFINITY, 3.4e38f}) {
    std::vector<float> x(k, odd == 0 || std::fabs(odd) < 1e-30f ? 0.0f : 1.0f);
    x[k - 1] = odd;
    const GuardedRows want(1, k, terms), got(1, k, terms);
    quantize_ref({want.view(), x.data(), k, 1});
    ops.quantize({got.view(), x.data(), k, 1});
    CHECK(got.is_same(want), "%s: a row with %g differs", isa_name(ops.isa), odd);
    const float scale = head_of(got.view(), 0).scale;
    CHECK(std::isfinite(odd) ? std::isfinite(scale) : std::isnan(scale), "%s: a row with %g has scale %g", isa_name(ops.isa), odd, scale);
    if (!std::isfinite(odd) || std::fabs(odd) < 1e-30f) CHECK(number(got.view(), 0, 0) == 0 && number(got.view(), 0, k - 1) == 0, "no numbers in a row with %g", odd);
  }
}

/// The fused ops give what the plain op and then quantize give.
void check_fused(const CpuOps& ops, TestRandom& random, ActivationTerms terms) {
  constexpr int32_t rows = 3;
  for (const int32_t k : {1, 31, 64, 257}) {
    const auto size = static_cast<size_t>(rows) * static_cast<size_t>(k);
    const std::vector<float> x = random_values(random, size, 9), weight = random_values(random, static_cast<size_t>(k));
    std::vector<float> plain(size);
    const GuardedRows want(rows, k, terms), got(rows, k, terms);
    CHECK(ops.rmsnorm({plain.data(), x.data(), weight.data(), rows, k, 1e-5f}) == Status::kOk, "rmsnorm");
    ops.quantize({want.view(), plain.data(), k, rows});
    CHECK(ops.rmsnorm_quantize({got.view(), x.data(), weight.data(), rows, 1e-5f}) == Status::kOk, "rmsnorm_quantize");
    CHECK(got.is_same(want), "%s, %d columns: rmsnorm, then quantize differs", isa_name(ops.isa), k);
    got.check("rmsnorm_quantize");
    std::vector<float> gate_up = random_values(random, 2 * size, 5);
    CHECK(ops.swiglu({plain.data(), gate_up.data(), rows, k}) == Status::kOk, "swiglu");
    ops.quantize({want.view(), plain.data(), k, rows});
    CHECK(ops.swiglu_quantize({got.view(), gate_up.data(), rows}) == Status::kOk, "swiglu_quantize");
    CHECK(got.is_same(want), "%s, %d columns: swiglu, then quantize differs", isa_name(ops.isa), k);
    got.check("swiglu_quantize");
  }
  CHECK(ops.rmsnorm_quantize({{nullptr, 0, terms}, nullptr, nullptr, 1, 0}) == Status::kBadShape, "no columns");
  CHECK(ops.swiglu_quantize({{nullptr, 0, terms}, nullptr, 1}) == Status::kBadShape, "no columns");
}

}  // namespace

int main() {
  TestRandom random(15);
  check_reference();
  for (const CpuOps* ops : every_level()) {
    for (const ActivationTerms terms : {ActivationTerms::kOne, ActivationTerms::kTwo}) {
      check_level(*ops, random, terms);
      check_odd_rows(*ops, terms);
      check_fused(*ops, random, terms);
    }
  }
  std::puts("quantize: ok");
}
