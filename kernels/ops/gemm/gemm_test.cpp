#include "gemm.h"

#include <algorithm>
#include <cstring>

#include "../op_test.h"
#include "pack.h"

using namespace slackwater;

namespace {

constexpr WeightForm kForms[] = {WeightForm::kWords, WeightForm::kPlanes, WeightForm::kBytes, WeightForm::kFours, WeightForm::kEights};
constexpr const char* kFormNames[] = {"words", "planes", "bytes", "fours", "eights"};
/// The formats that the grouped forms are made of here.
constexpr TensorFormat kFormats[] = {TensorFormat::kF32, TensorFormat::kF32, TensorFormat::kF32, TensorFormat::kQ4_1, TensorFormat::kQ8_0};

struct Case {
  WeightForm form;
  int32_t n, k;
  std::vector<float> weights;     // [n, k]
  std::vector<std::byte> panels;  // not aligned on purpose: alignment is for speed only
  PackedWeights packed() const { return {panels.data() + 1, form, n, k}; }
};

/// Rows of a grouped format with scales that are numbers.
std::vector<std::byte> stored_rows(TestRandom& random, TensorFormat format, size_t count) {
  const FormatBlock block = format_block(static_cast<uint32_t>(format));
  std::vector<std::byte> out(count / block.values * block.bytes);
  for (std::byte& byte : out) byte = static_cast<std::byte>(random.below(256));
  for (size_t at = 0; at < out.size(); at += block.bytes) {
    const half d = half_from_float(0.01f + 0.01f * random.uniform()), m = half_from_float(0.1f * random.uniform());
    std::memcpy(out.data() + at, &d, 2);
    if (format != TensorFormat::kQ8_0) std::memcpy(out.data() + at + 2, &m, 2);
  }
  return out;
}

Case make_case(TestRandom& random, WeightForm form, int32_t n, int32_t k) {
  const auto width = static_cast<size_t>(k);
  Case out{form, n, k, std::vector<float>(static_cast<size_t>(n) * width), std::vector<std::byte>(1 + static_cast<size_t>(gemm_panels(n)) * panel_bytes(form, k))};
  const TensorFormat format = kFormats[static_cast<int>(form)];
  const FormatBlock block = format_block(static_cast<uint32_t>(format));
  std::vector<std::byte> stored;
  if (is_grouped(form)) {
    stored = stored_rows(random, format, out.weights.size());
    dequantize(format, stored.data(), out.weights.size(), out.weights.data());
  } else {
    out.weights = random_values(random, out.weights.size());
  }
  std::vector<int16_t> scratch(static_cast<size_t>(kGemmColumns) * static_cast<size_t>(padded_inputs(k)));
  for (int32_t p = 0; p < gemm_panels(n); ++p) {
    const int32_t first = p * kGemmColumns, count = n - first < kGemmColumns ? n - first : kGemmColumns;
    std::byte* panel = out.panels.data() + 1 + static_cast<size_t>(p) * panel_bytes(form, k);
    if (!is_grouped(form)) {
      pack_panel(panel, form, out.weights.data() + static_cast<size_t>(first) * width, count, k, scratch.data());
      continue;
    }
    StoredRow rows[kGemmColumns] = {};
    for (int32_t c = 0; c < count; ++c) rows[c] = {stored.data() + static_cast<size_t>(first + c) * (width / block.values * block.bytes), format};
    CHECK(pack_grouped_panel(panel, form, rows, count, k) == -1, "scales that are numbers");
  }
  return out;
}

/// One output whose weights are all `value`.
Case constant_case(WeightForm form, int32_t k, float value) {
  Case out{form, 1, k, std::vector<float>(static_cast<size_t>(k), value), std::vector<std::byte>(1 + panel_bytes(form, k))};
  if (!is_grouped(form)) {
    std::vector<int16_t> scratch(static_cast<size_t>(kGemmColumns) * static_cast<size_t>(padded_inputs(k)));
    pack_panel(out.panels.data() + 1, form, out.weights.data(), 1, k, scratch.data());
    return out;
  }
  // Q5_1 and Q4_1 begin with d and m: d 0, m the value.
  const TensorFormat format = form == WeightForm::kFours ? TensorFormat::kQ4_1 : TensorFormat::kQ5_1;
  const FormatBlock block = format_block(static_cast<uint32_t>(format));
  std::vector<std::byte> stored(static_cast<size_t>(k) / block.values * block.bytes);
  const half m = half_from_float(value);
  for (size_t at = 0; at < stored.size(); at += block.bytes) std::memcpy(stored.data() + at + 2, &m, sizeof m);
  const StoredRow row{stored.data(), format};
  CHECK(pack_grouped_panel(out.panels.data() + 1, form, &row, 1, k) == -1, "a row of one value");
  return out;
}

struct Rows {
  std::vector<float> x;
  std::vector<std::byte> bytes;
  ActivationRows view;
};

Rows make_rows(TestRandom& random, WeightForm form, int32_t k, int32_t rows) {
  Rows out{random_values(random, static_cast<size_t>(rows) * static_cast<size_t>(k), 3), std::vector<std::byte>(static_cast<size_t>(rows) * activation_stride(k)), {}};
  out.view = {out.bytes.data(), k, activations_of(form)};
  CHECK(quantize_ref({out.view, out.x.data(), k, rows}) == Status::kOk, "rows");
  return out;
}

struct Size {
  double largest = 0, norm = 0;
};

/// The largest of [.., k] rows.
Size size_of(const std::vector<float>& values, int32_t k) {
  Size out;
  for (size_t row = 0; row < values.size(); row += static_cast<size_t>(k)) {
    double squares = 0;
    for (size_t i = row; i < row + static_cast<size_t>(k); ++i) {
      out.largest = std::fmax(out.largest, std::fabs(values[i]));
      squares += static_cast<double>(values[i]) * values[i];
    }
    out.norm = std::fmax(out.norm, std::sqrt(squares));
  }
  return out;
}

/// What quantising may cost: 6 standard deviations of k errors of up to half a step, in the activations and in the weights.
void check_error(const Case& c, const std::vector<float>& x, const float* got, const float* want, size_t count) {
  const bool is_bytes = c.form == WeightForm::kBytes;
  const Size a = size_of(x, c.k), w = size_of(c.weights, c.k);
  const auto step = [&](const Size& size, double norm) { return is_bytes ? size.largest / 127 : std::fmax(size.largest / 32500, size.norm / (norm - 1100)); };
  const double error_w = c.form == WeightForm::kFours ? 5 : c.form == WeightForm::kEights ? 0 : 1;  // half steps
  const double limit = 1.8 * (step(a, kActivationNorm) * w.norm + error_w * step(w, kWeightNorm) * a.norm) + 1e-6 * a.norm * w.norm;
  for (size_t i = 0; i < count; ++i) {
    CHECK(std::fabs(static_cast<double>(got[i]) - want[i]) <= limit, "%s of %d inputs: %g instead of %g, limit %g", kFormNames[static_cast<int>(c.form)], c.k, got[i], want[i], limit);
  }
}

/// Tiles' form has no kernel where there can be no tiles.
bool has_kernel(const CpuOps& ops, WeightForm form) { return form != WeightForm::kPlanes || ops.isa >= Isa::kAvx512; }

void check_shape(TestRandom& random, const Case& c, int32_t rows) {
  const char* name = kFormNames[static_cast<int>(c.form)];
  const int32_t out_stride = c.n + 5;
  const Rows a = make_rows(random, c.form, c.k, rows);
  const size_t size = static_cast<size_t>(rows) * static_cast<size_t>(out_stride);
  for (const bool accumulate : {false, true}) {
    Guarded truth(size, 0.25f), want(size, 0.25f);
    CHECK(gemm_ref({truth.data(), out_stride, a.x.data(), c.k, c.weights.data(), c.n, c.k, rows, 0, c.n, accumulate}) == Status::kOk, "reference");
    const GemmArgs args{want.data(), out_stride, a.view, c.packed(), rows, 0, gemm_panels(c.n), accumulate};
    CHECK(gemm_packed_ref(args) == Status::kOk, "packed reference");
    want.check("gemm_packed_ref");
    check_error(c, a.x, want.data(), truth.data(), size);
    for (const CpuOps* ops : every_level()) {
      Guarded got(size, 0.25f);
      GemmArgs whole = args;
      whole.out = got.data();
      if (!has_kernel(*ops, c.form)) {
        CHECK(ops->gemm(whole) == Status::kUnsupported, "%s on %s", name, isa_name(ops->isa));
        continue;
      }
      CHECK(ops->gemm(whole) == Status::kOk, "%s", isa_name(ops->isa));
      CHECK(std::memcmp(got.data(), want.data(), size * sizeof(float)) == 0, "%s on %s, %d rows of %d by %d%s: bits differ, relL2 %.1e", name, isa_name(ops->isa), rows, c.k, c.n,
            accumulate ? ", added" : "", rel_l2(got.data(), want.data(), size));
      got.check("gemm");
    }
  }
}

/// Rows and panels in pieces of any size give the bits of the whole.
void check_cuts(const CpuOps& ops, TestRandom& random, const Case& c, int32_t rows) {
  const Rows a = make_rows(random, c.form, c.k, rows);
  const size_t size = static_cast<size_t>(rows) * static_cast<size_t>(c.n);
  Guarded whole(size), pieces(size);
  ops.gemm({whole.data(), c.n, a.view, c.packed(), rows, 0, gemm_panels(c.n), false});
  for (int32_t row = 0, count; row < rows; row += count) {
    count = 1 + random.below(rows - row);
    for (int32_t panel = 0, end; panel < gemm_panels(c.n); panel = end) {
      end = panel + 1 + random.below(gemm_panels(c.n) - panel);
      const ActivationRows part{a.view.row(row), c.k, a.view.form};
      CHECK(ops.gemm({pieces.data() + static_cast<size_t>(row) * static_cast<size_t>(c.n), c.n, part, c.packed(), count, panel, end, false}) == Status::kOk, "a piece");
    }
  }
  CHECK(std::memcmp(whole.data(), pieces.data(), size * sizeof(float)) == 0, "%s on %s: pieces differ", kFormNames[static_cast<int>(c.form)], isa_name(ops.isa));
}

/// Rows and outputs of one value each have the largest sums that their norms allow, and those do not wrap, however many.
void check_extremes(const CpuOps& ops) {
  for (const WeightForm form : kForms) {
    for (const int32_t k : {32, 1024, kGemmInputsMax}) {
      if (!has_kernel(ops, form)) continue;
      const Case c = constant_case(form, k, -2);
      const std::vector<float> x(static_cast<size_t>(k), 5);
      std::vector<std::byte> row(activation_stride(k));
      const ActivationRows a{row.data(), k, activations_of(form)};
      CHECK(ops.quantize({a, x.data(), k, 1}) == Status::kOk, "a row of %d", k);
      float out = 0;
      CHECK(ops.gemm({&out, 1, a, c.packed(), 1, 0, 1, false}) == Status::kOk, "%d inputs", k);
      // A step is 1/180 of a value where there are most.
      CHECK(std::fabs(out / (-10.0f * static_cast<float>(k)) - 1) < 4e-3f, "%s on %s: %d times -2 by 5 gave %g", kFormNames[static_cast<int>(form)], isa_name(ops.isa), k, out);
      CHECK(ops.gemm({&out, 1, {row.data(), kGemmInputsMax + 32, a.form}, {c.panels.data(), form, 1, kGemmInputsMax + 32}, 1, 0, 1, false}) == Status::kBadShape, "32800 inputs");
    }
  }
}

/// A large number in a row puts all others into their low bytes, in weights and activations: their products count in full.
/// The scales are 1, so that nothing is rounded.
void check_small_beside_large(const CpuOps& ops) {
  const int32_t k = 130;
  for (const WeightForm form : {WeightForm::kWords, WeightForm::kPlanes}) {
    if (!has_kernel(ops, form)) continue;
    std::vector<float> weights(static_cast<size_t>(k), 3), x(static_cast<size_t>(k), 5);
    weights[0] = x[1] = 32512;
    std::vector<int16_t> scratch(static_cast<size_t>(kGemmColumns) * static_cast<size_t>(padded_inputs(k)));
    std::vector<std::byte> panel(panel_bytes(form, k)), row(activation_stride(k));
    pack_panel(panel.data(), form, weights.data(), 1, k, scratch.data());
    const ActivationRows a{row.data(), k, activations_of(form)};
    CHECK(ops.quantize({a, x.data(), k, 1}) == Status::kOk, "a row with one large number");
    float out = 0;
    CHECK(ops.gemm({&out, 1, a, {panel.data(), form, 1, k}, 1, 0, 1, false}) == Status::kOk, "one output");
    CHECK(out == 32512 * 5 + 3 * 32512 + 128 * 15, "%s: 260096 and 128 products of 3 by 5 gave %g", isa_name(ops.isa), out);
  }
}

/// The two forms of the same numbers say the same of the same rows: a machine with tiles and one without agree.
void check_words_and_planes(const CpuOps& ops, TestRandom& random) {
  if (!has_kernel(ops, WeightForm::kPlanes)) return;
  const int32_t n = 40, k = 321, rows = 14;
  const std::vector<float> x = random_values(random, static_cast<size_t>(rows * k), 3), weights = random_values(random, static_cast<size_t>(n * k));
  std::vector<float> out[2];
  for (const WeightForm form : {WeightForm::kWords, WeightForm::kPlanes}) {
    Case c{form, n, k, weights, std::vector<std::byte>(1 + static_cast<size_t>(gemm_panels(n)) * panel_bytes(form, k))};
    std::vector<int16_t> scratch(static_cast<size_t>(kGemmColumns) * static_cast<size_t>(padded_inputs(k)));
    for (int32_t p = 0; p < gemm_panels(n); ++p) {
      pack_panel(c.panels.data() + 1 + static_cast<size_t>(p) * panel_bytes(form, k), form, weights.data() + static_cast<size_t>(p * kGemmColumns) * k, std::min(kGemmColumns, n - p * kGemmColumns), k, scratch.data());
    }
    std::vector<std::byte> bytes(static_cast<size_t>(rows) * activation_stride(k));
    const ActivationRows a{bytes.data(), k, activations_of(form)};
    CHECK(ops.quantize({a, x.data(), k, rows}) == Status::kOk, "rows");
    std::vector<float>& got = out[form == WeightForm::kPlanes];
    got.resize(static_cast<size_t>(rows * n));
    CHECK(ops.gemm({got.data(), n, a, c.packed(), rows, 0, gemm_panels(n), false}) == Status::kOk, "rows");
  }
  CHECK(std::memcmp(out[0].data(), out[1].data(), out[0].size() * sizeof(float)) == 0, "%s: words and planes differ", isa_name(ops.isa));
}

void check_not_finite(const CpuOps& ops, TestRandom& random, const Case& c) {
  Rows a = make_rows(random, c.form, c.k, 2);
  a.x[static_cast<size_t>(c.k) - 1] = INFINITY;
  CHECK(ops.quantize({a.view, a.x.data(), c.k, 2}) == Status::kOk, "infinity is taken");
  std::vector<float> out(2 * static_cast<size_t>(c.n));
  ops.gemm({out.data(), c.n, a.view, c.packed(), 2, 0, gemm_panels(c.n), false});
  for (int32_t j = 0; j < c.n; ++j) {
    CHECK(std::isnan(out[static_cast<size_t>(j)]), "%s on %s: a row with infinity gives NaN", kFormNames[static_cast<int>(c.form)], isa_name(ops.isa));
    CHECK(std::isfinite(out[static_cast<size_t>(c.n + j)]), "the next row does not");
  }
}

void check_bad_arguments(const CpuOps& ops, const Case& c) {
  float out[1];
  const GemmArgs good{out, c.n, {nullptr, c.k, activations_of(c.form)}, c.packed(), 0, 0, 0, false};
  CHECK(ops.gemm(good) == Status::kOk, "no rows, no panels");
  GemmArgs bad = good;
  bad.panel_end = gemm_panels(c.n) + 1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "a panel too many");
  bad = good;
  bad.out_stride = c.n - 1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "rows of the output overlap");
  bad = good;
  bad.rows = -1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "negative rows");
  bad = good;
  bad.a.k = c.k + 1;
  CHECK(ops.gemm(bad) == Status::kBadShape, "rows of another width");
  bad = good;
  bad.a.form = c.form == WeightForm::kBytes ? ActivationForm::kWords : ActivationForm::kBytes;
  CHECK(ops.gemm(bad) == Status::kBadShape, "rows of another mode");
}

void check_bad_scales() {
  std::vector<std::byte> row(20), panel(panel_bytes(WeightForm::kFours, 32));
  StoredRow rows[3];
  for (StoredRow& stored : rows) stored = {row.data(), TensorFormat::kQ4_1};
  CHECK(pack_grouped_panel(panel.data(), WeightForm::kFours, rows, 3, 32) == -1, "zeros");
  std::vector<std::byte> bad = row;
  const half nan = 0x7e00;
  std::memcpy(bad.data() + 2, &nan, 2);
  rows[2].data = bad.data();
  CHECK(pack_grouped_panel(panel.data(), WeightForm::kFours, rows, 3, 32) == 2, "the row whose minimum is NaN");
}

}  // namespace

int main() {
  TestRandom random(14);
  const float identity[4] = {1, 2, 3, 4}, a[2] = {10, 1};
  float out[2] = {100, 100};
  gemm_ref({out, 2, a, 2, identity, 2, 2, 1, 0, 2, true});
  CHECK(out[0] == 112 && out[1] == 134, "[10 1] by rows [1 2], [3 4] added to 100");
  check_bad_scales();
  for (const CpuOps* ops : every_level()) {
    check_extremes(*ops);
    check_small_beside_large(*ops);
    check_words_and_planes(*ops, random);
  }
  for (const WeightForm form : kForms) {
    const int32_t unit = is_grouped(form) ? 32 : 1;
    check_shape(random, make_case(random, form, 33, 256), 203);  // More rows than are taken through the panels at once.
    for (const int32_t n : {1, 15, 16, 17, 31, 33, 65}) {
      for (const int32_t inputs : {1, 31, 33, 64, 65, 257, 576, 2080}) {
        const int32_t k = (inputs + unit - 1) / unit * unit;
        if (k > 300 && n > 17) continue;
        const Case c = make_case(random, form, n, k);
        for (const int32_t rows : {0, 1, 2, 3, 4, 7, 15, 16, 17, 33}) {
          if (rows <= 4 || n <= 33) check_shape(random, c, rows);
        }
        for (const CpuOps* ops : every_level()) {
          if (!has_kernel(*ops, form)) continue;
          check_bad_arguments(*ops, c);
          check_not_finite(*ops, random, c);
          check_cuts(*ops, random, c, 29);
        }
      }
    }
  }
  std::puts("gemm: ok");
}
