#include "quantize.h"

#include <cstring>

#include "../op_test.h"

using namespace slackwater;

namespace {

constexpr std::byte kSentinel{0xa5};

/// Bytes of some rows between sentinels.
class GuardedRows {
 public:
  GuardedRows(int32_t rows, int32_t k, ActivationForm form)
      : bytes_(static_cast<size_t>(rows) * activation_stride(k) + 2 * kGuard, kSentinel), view_{bytes_.data() + kGuard, k, form}, rows_(rows) {}
  ActivationRows view() const { return view_; }
  void check(const char* what) const {
    for (size_t i = 0; i < kGuard; ++i) CHECK(bytes_[i] == kSentinel && bytes_[bytes_.size() - 1 - i] == kSentinel, "%s wrote outside its rows", what);
  }
  /// All that a multiplication reads.
  bool is_same(const GuardedRows& other) const {
    const int32_t k = view_.k;
    const size_t numbers = static_cast<size_t>(padded_inputs(k)) * (view_.form == ActivationForm::kBytes ? 1 : 2), groups = static_cast<size_t>(padded_inputs(k) / kGroupInputs) * sizeof(int32_t);
    for (int32_t row = 0; row < rows_; ++row) {
      const std::byte *a = view_.row(row), *b = other.view_.row(row);
      if (std::memcmp(a, b, sizeof(ActivationHead)) != 0 || std::memcmp(a + activation_numbers_at(), b + activation_numbers_at(), numbers) != 0) return false;
      if (view_.form == ActivationForm::kWords && std::memcmp(a + activation_groups_at(k), b + activation_groups_at(k), groups) != 0) return false;
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
  const std::byte* numbers = rows.row(row) + activation_numbers_at();
  if (rows.form == ActivationForm::kWords) {
    int16_t word;
    std::memcpy(&word, numbers + word_place(i) * 2, sizeof word);
    return word;
  }
  const int32_t hi = static_cast<int8_t>(numbers[i]);
  return rows.form == ActivationForm::kBytes ? hi : hi * 256 + static_cast<int8_t>(rows.row(row)[activation_lo_at(rows.k) + static_cast<size_t>(i)]);
}

/// By hand: halves go to the even number, sums are those of the group, or of the bytes.
void check_reference() {
  const float x[3] = {-4, 0.25f, 127.5f / 8128};
  const GuardedRows words(1, 3, ActivationForm::kWords), planes(1, 3, ActivationForm::kPlanes);
  for (const GuardedRows* rows : {&words, &planes}) {
    const ActivationRows view = rows->view();
    CHECK(quantize_ref({view, x, 3, 1}) == Status::kOk, "a row");
    CHECK(number(view, 0, 0) == -32512 && number(view, 0, 1) == 2032 && number(view, 0, 2) == 128, "%d %d %d", number(view, 0, 0), number(view, 0, 1), number(view, 0, 2));
    CHECK(number(view, 0, 3) == 0 && number(view, 0, 63) == 0, "zeros behind the row");
    CHECK(head_of(view, 0).scale == 4.0f / 32512, "scale %g", head_of(view, 0).scale);
  }
  int32_t group;
  std::memcpy(&group, words.view().row(0) + activation_groups_at(3), sizeof group);
  CHECK(group == -32512 + 2032 + 128, "sum of the group %d", group);
  const ActivationHead head = head_of(planes.view(), 0);
  CHECK(head.sum_hi == -127 + 8 + 1 && head.sum_lo == -16 - 128, "sums %d and %d", head.sum_hi, head.sum_lo);
}

/// The norm of a row's numbers stays below what sums of products have room for, whatever the row; rows with outliers keep the
/// largest number.
void check_norms(const CpuOps& ops, TestRandom& random) {
  for (const int32_t k : {1, 2, 64, 1536, 32768}) {
    for (const float size : {1e-29f, 1e-14f, 1.0f, 1e14f, 1e37f}) {
      for (const bool has_outlier : {false, true}) {
        std::vector<float> x(static_cast<size_t>(k));
        for (float& value : x) value = size * (1 + random.uniform() / 8);
        if (has_outlier) x[0] = size * 300;
        const GuardedRows rows(1, k, ActivationForm::kWords);
        CHECK(ops.quantize({rows.view(), x.data(), k, 1}) == Status::kOk, "a row of %d", k);
        double squares = 0, largest = 0;
        for (int32_t i = 0; i < k; ++i) {
          const double q = number(rows.view(), 0, i);
          squares += q * q;
          largest = std::fmax(largest, std::fabs(q));
        }
        CHECK(std::sqrt(squares) <= kActivationNorm, "%s, %d of %g: norm %g", isa_name(ops.isa), k, size, std::sqrt(squares));
        const bool is_plain = size > 1e-15f && size < 1e12f;
        CHECK(!is_plain || largest == 32512 || std::sqrt(squares) > kActivationNorm - 200, "%s, %d of %g: norm %g, largest %g", isa_name(ops.isa), k, size, std::sqrt(squares), largest);
      }
    }
  }
}

void check_level(const CpuOps& ops, TestRandom& random, ActivationForm form) {
  for (const int32_t k : {1, 31, 33, 64, 65, 257, 989}) {
    for (const int32_t rows : {0, 1, 7}) {
      const std::vector<float> x = random_values(random, static_cast<size_t>(rows) * static_cast<size_t>(k + 3), 50);
      const GuardedRows want(rows, k, form), got(rows, k, form);
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
  CHECK(ops.quantize({{nullptr, 0, form}, nullptr, 0, 1}) == Status::kBadShape, "no columns");
  CHECK(ops.quantize({{nullptr, 4, form}, nullptr, 3, 1}) == Status::kBadShape, "rows that overlap");
  CHECK(ops.quantize({{nullptr, 4, form}, nullptr, 4, -1}) == Status::kBadShape, "negative rows");
}

/// Zeros, values too small to have a scale, NaN, infinity, the largest float: all have a meaning, the same at every level.
void check_odd_rows(const CpuOps& ops, ActivationForm form) {
  constexpr int32_t k = 37;
  for (const float odd : {0.0f, 1e-38f, 1e-45f, NAN, -NAN, INFINITY, -INFINITY, 3.4e38f}) {
    std::vector<float> x(k, odd == 0 || std::fabs(odd) < 1e-30f ? 0.0f : 1.0f);
    x[k - 1] = odd;
    const GuardedRows want(1, k, form), got(1, k, form);
    quantize_ref({want.view(), x.data(), k, 1});
    ops.quantize({got.view(), x.data(), k, 1});
    CHECK(got.is_same(want), "%s: a row with %g differs", isa_name(ops.isa), odd);
    const float scale = head_of(got.view(), 0).scale;
    CHECK(std::isfinite(odd) ? std::isfinite(scale) : std::isnan(scale), "%s: a row with %g has scale %g", isa_name(ops.isa), odd, scale);
    if (!std::isfinite(odd) || std::fabs(odd) < 1e-30f) CHECK(number(got.view(), 0, 0) == 0 && number(got.view(), 0, k - 1) == 0, "no numbers in a row with %g", odd);
  }
}

/// The fused ops give what the plain op and then quantize give.
void check_fused(const CpuOps& ops, TestRandom& random, ActivationForm form) {
  constexpr int32_t rows = 3;
  for (const int32_t k : {1, 31, 64, 257}) {
    const auto size = static_cast<size_t>(rows) * static_cast<size_t>(k);
    const std::vector<float> x = random_values(random, size, 9), weight = random_values(random, static_cast<size_t>(k));
    std::vector<float> plain(size);
    const GuardedRows want(rows, k, form), got(rows, k, form);
    CHECK(ops.rmsnorm({plain.data(), x.data(), weight.data(), rows, k, 1e-5f}) == Status::kOk, "rmsnorm");
    ops.quantize({want.view(), plain.data(), k, rows});
    CHECK(ops.rmsnorm_quantize({got.view(), x.data(), weight.data(), rows, 1e-5f}) == Status::kOk, "rmsnorm_quantize");
    CHECK(got.is_same(want), "%s, %d columns: rmsnorm, then quantize differs", isa_name(ops.isa), k);
    got.check("rmsnorm_quantize");
    const std::vector<float> gate_up = random_values(random, 2 * size, 5);
    for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
      std::vector<float> overwritten = gate_up;
      CHECK(ops.glu({plain.data(), gate_up.data(), rows, k, activation}) == Status::kOk, "glu");
      ops.quantize({want.view(), plain.data(), k, rows});
      CHECK(ops.glu_quantize({got.view(), overwritten.data(), rows, activation}) == Status::kOk, "glu_quantize");
      CHECK(got.is_same(want), "%s, %d columns: glu, then quantize differs", isa_name(ops.isa), k);
      got.check("glu_quantize");
    }
  }
  CHECK(ops.rmsnorm_quantize({{nullptr, 0, form}, nullptr, nullptr, 1, 0}) == Status::kBadShape, "no columns");
  CHECK(ops.glu_quantize({{nullptr, 0, form}, nullptr, 1, Activation::kSilu}) == Status::kBadShape, "no columns");
}

}  // namespace

int main() {
  TestRandom random(15);
  check_reference();
  for (const CpuOps* ops : every_level()) {
    check_norms(*ops, random);
    for (const ActivationForm form : {ActivationForm::kWords, ActivationForm::kPlanes, ActivationForm::kBytes}) {
      check_level(*ops, random, form);
      check_odd_rows(*ops, form);
      check_fused(*ops, random, form);
    }
  }
  std::puts("quantize: ok");
}
