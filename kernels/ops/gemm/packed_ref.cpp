#include <cmath>
#include <cstring>

#include "../../lib/half.h"
#include "gemm.h"

namespace slackwater {
namespace {

template <class T>
T read(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

int32_t signed_at(const std::byte* at) { return static_cast<int8_t>(*at); }

/// Where input i of output c lies in lines of [16 outputs][4 inputs].
size_t place(int32_t i, int32_t c) { return static_cast<size_t>(i / 4 * 64 + c * 4 + i % 4); }

float dot_planes(const std::byte* a, const std::byte* panel, WeightForm form, int32_t k, int32_t c) {
  const size_t planes = form == WeightForm::kWords ? 2 : 1;
  int64_t high = 0, cross = 0, low = 0;
  for (int32_t i = 0; i < k; ++i) {
    const std::byte* w = panel + 64 + static_cast<size_t>(i / 64) * 1024 * planes + place(i % 64, c);
    const int32_t a_hi = signed_at(a + activation_hi_at() + static_cast<size_t>(i)), w_hi = static_cast<int32_t>(*w) - 128;
    high += a_hi * w_hi;
    if (planes == 1) continue;
    const int32_t a_lo = signed_at(a + activation_lo_at(k) + static_cast<size_t>(i)), w_lo = static_cast<int32_t>(w[1024]) - 128;
    cross += w_hi * a_lo + w_lo * a_hi;
    low += w_lo * a_lo;
  }
  const auto a_scale = read<float>(a), w_scale = read<float>(panel + static_cast<size_t>(c) * sizeof(float));
  if (planes == 1) return static_cast<float>(high) * w_scale * a_scale;
  // A product by 256 is exact: fused or not, the bits are these.
  return ((static_cast<float>(high) * 256.0f + static_cast<float>(cross)) * 256.0f + static_cast<float>(low)) * w_scale * a_scale;
}

struct Group {
  float d, m;
};

Group read_group(const std::byte* at, WeightForm form, int32_t c) {
  const auto column = static_cast<size_t>(c);
  if (form == WeightForm::kFoursWide) return {read<float>(at + column * 4), read<float>(at + 64 + column * 4)};
  return {half_to_float(read<half>(at + column * 2)), half_to_float(read<half>(at + 32 + column * 2))};
}

int32_t read_number(const std::byte* group, WeightForm form, int32_t i, int32_t c) {
  if (form == WeightForm::kEights) return static_cast<int32_t>(group[place(i, c)]);
  const auto both = static_cast<int32_t>(group[place(i / 8 * 4 + i % 4, c)]);
  return i / 4 % 2 == 0 ? both & 15 : both >> 4;
}

float dot_groups(const std::byte* a, const std::byte* panel, WeightForm form, int32_t k, int32_t c) {
  float sum = 0;
  for (int32_t g = 0; g < k / kGroupInputs; ++g) {
    const std::byte* group = panel + static_cast<size_t>(g) * group_bytes(form);
    int32_t products = 0;
    for (int32_t i = 0; i < kGroupInputs; ++i) {
      const auto at = static_cast<size_t>(g * kGroupInputs + i);
      products += read_number(group, form, i, c) * (signed_at(a + activation_hi_at() + at) * 256 + signed_at(a + activation_lo_at(k) + at));
    }
    const Group scales = read_group(group + group_numbers(form), form, c);
    sum = std::fmaf(scales.d, static_cast<float>(products), sum);
    sum = std::fmaf(scales.m, read<float>(a + activation_groups_at(k) + static_cast<size_t>(g) * sizeof(float)), sum);
  }
  return sum * read<float>(a);
}

}  // namespace

Status check_gemm(const GemmArgs& args) {
  const PackedWeights& w = args.weights;
  const bool fits = args.rows >= 0 && w.n > 0 && w.k > 0 && w.k <= kGemmInputsMax && args.out_stride >= w.n && args.a.k == w.k && args.a.terms == terms_of(w.form) &&
                    (!is_grouped(w.form) || w.k % kGroupInputs == 0) && args.panel_begin >= 0 && args.panel_begin <= args.panel_end && args.panel_end <= gemm_panels(w.n);
  return fits ? Status::kOk : Status::kBadShape;
}

Status gemm_packed_ref(const GemmArgs& args) {
  const Status status = check_gemm(args);
  if (status != Status::kOk) return status;
  const PackedWeights& w = args.weights;
  for (int32_t row = 0; row < args.rows; ++row) {
    for (int32_t j = args.panel_begin * kGemmColumns; j < args.panel_end * kGemmColumns && j < w.n; ++j) {
      const std::byte* panel = w.panels + static_cast<size_t>(j / kGemmColumns) * panel_bytes(w.form, w.k);
      const auto dot = is_grouped(w.form) ? dot_groups : dot_planes;
      float* out = args.out + static_cast<size_t>(row) * static_cast<size_t>(args.out_stride) + j;
      const float value = dot(args.a.row(row), panel, w.form, w.k, j % kGemmColumns);
      *out = args.accumulate ? *out + value : value;
    }
  }
  return Status::kOk;
}

}  // namespace slackwater
