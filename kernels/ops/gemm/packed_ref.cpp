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

/// Where input i of output c lies in lines of [16 outputs][4 inputs].
size_t place(int32_t i, int32_t c) { return static_cast<size_t>(i / 4 * 64 + c * 4 + i % 4); }

/// The quantised value i of a row.
int32_t activation(const std::byte* row, ActivationForm form, int32_t k, int32_t i) {
  const auto at = static_cast<size_t>(i);
  if (form == ActivationForm::kWords) return read<int16_t>(row + activation_numbers_at() + static_cast<size_t>(word_place(i)) * sizeof(int16_t));
  const int32_t number = read<int8_t>(row + activation_numbers_at() + at);
  return form == ActivationForm::kBytes ? number : number * 256 + read<int8_t>(row + activation_lo_at(k) + at);
}

int32_t group_number(const std::byte* group, WeightForm form, int32_t i, int32_t c) {
  if (form == WeightForm::kEights) return static_cast<int32_t>(group[place(i, c)]);
  const auto both = static_cast<int32_t>(group[place(i / 8 * 4 + i % 4, c)]);
  return i / 4 % 2 == 0 ? both & 15 : both >> 4;
}

/// The quantised weight of input i and output c of a panel, without its scale. Not for kEights.
int32_t weight(const std::byte* panel, WeightForm form, int32_t i, int32_t c) {
  const std::byte* numbers = panel + panel_head(form);
  if (form == WeightForm::kWords) return read<int16_t>(numbers + static_cast<size_t>(word_place(i) / 2) * 64 + static_cast<size_t>(c * 2 + word_place(i) % 2) * sizeof(int16_t));
  if (form == WeightForm::kFours) {
    const std::byte *group = numbers + static_cast<size_t>(i / kGroupInputs) * group_bytes(form), *scales = group + group_numbers(form) + static_cast<size_t>(c) * sizeof(int16_t);
    return static_cast<int16_t>(read<int16_t>(scales) * group_number(group, form, i % kGroupInputs, c) + read<int16_t>(scales + 32));
  }
  const std::byte* at = numbers + static_cast<size_t>(i / 64) * (form == WeightForm::kPlanes ? 2048 : 1024) + place(i % 64, c);
  const int32_t number = static_cast<int32_t>(*at) - 128;
  return form == WeightForm::kBytes ? number : number * 256 + static_cast<int32_t>(at[1024]) - 128;
}

float dot(const std::byte* a, const std::byte* panel, WeightForm form, int32_t k, int32_t c) {
  int64_t sum = 0;
  for (int32_t i = 0; i < k; ++i) sum += int64_t{activation(a, activations_of(form), k, i)} * weight(panel, form, i, c);
  return static_cast<float>(static_cast<int32_t>(sum)) * read<float>(panel + static_cast<size_t>(c) * sizeof(float)) * read<float>(a);
}

float dot_eights(const std::byte* a, const std::byte* panel, WeightForm form, int32_t k, int32_t c) {
  float sum = 0;
  for (int32_t g = 0; g < k / kGroupInputs; ++g) {
    const std::byte *group = panel + static_cast<size_t>(g) * group_bytes(form), *scales = group + group_numbers(form) + static_cast<size_t>(c) * sizeof(half);
    int32_t products = 0;
    for (int32_t i = 0; i < kGroupInputs; ++i) products += group_number(group, form, i, c) * activation(a, ActivationForm::kWords, k, g * kGroupInputs + i);
    sum = std::fmaf(half_to_float(read<half>(scales)), static_cast<float>(products), sum);
    sum = std::fmaf(half_to_float(read<half>(scales + 32)), static_cast<float>(read<int32_t>(a + activation_groups_at(k) + static_cast<size_t>(g) * sizeof(int32_t))), sum);
  }
  return sum * read<float>(a);
}

}  // namespace

Status check_gemm(const GemmArgs& args) {
  const PackedWeights& w = args.weights;
  const bool fits = args.rows >= 0 && w.n > 0 && w.k > 0 && w.k <= kGemmInputsMax && args.out_stride >= w.n && args.a.k == w.k && args.a.form == activations_of(w.form) &&
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
      float* out = args.out + static_cast<size_t>(row) * static_cast<size_t>(args.out_stride) + j;
      const float value = (w.form == WeightForm::kEights ? dot_eights : dot)(args.a.row(row), panel, w.form, w.k, j % kGemmColumns);
      *out = args.accumulate ? *out + value : value;
    }
  }
  return Status::kOk;
}

}  // namespace slackwater
