#include "quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace slackwater {
namespace {

/// Steps from zero to the largest magnitude.
float steps_of(ActivationForm form, const float* x, int32_t k, float largest) {
  if (form == ActivationForm::kBytes) return 127.0f;
  float squares[16] = {}, sum = 0;
  for (int32_t i = 0; i < k; ++i) squares[i % 16] += x[i] * x[i];
  for (const float square : squares) sum += square;
  const bool is_plain = largest > 1e-15f && largest < 1e15f;
  const float norm = is_plain ? std::sqrt(sum) / largest : std::sqrt(static_cast<float>(k));
  return std::min(32512.0f, (kActivationNorm - 100) / norm);
}

template <class T>
void put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

}  // namespace

Status quantize_ref(const QuantizeArgs& args) {
  const int32_t k = args.out.k, padded = padded_inputs(k);
  if (args.rows < 0 || k <= 0 || args.x_stride < k) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + static_cast<size_t>(row) * static_cast<size_t>(args.x_stride);
    std::byte* out = args.out.row(row);
    float largest = 0;
    bool is_finite = true;
    for (int32_t i = 0; i < k; ++i) {
      is_finite = is_finite && std::isfinite(x[i]);
      largest = std::fabs(x[i]) > largest ? std::fabs(x[i]) : largest;
    }
    const bool is_zero = !is_finite || largest < 1e-30f;
    const float steps = is_zero ? 0.0f : steps_of(args.out.form, x, k, largest), inverse = is_zero ? 0.0f : steps / largest;
    ActivationHead head{is_zero ? 0.0f : largest / steps, 0, 0};
    if (!is_finite) head.scale = std::numeric_limits<float>::quiet_NaN();
    int32_t group = 0;
    for (int32_t i = 0; i < padded; ++i) {
      const int32_t q = i < k && !is_zero ? static_cast<int32_t>(std::nearbyint(x[i] * inverse)) : 0;
      const int32_t hi = args.out.form == ActivationForm::kPlanes ? (q + 128) >> 8 : q, lo = q - hi * 256;
      if (args.out.form == ActivationForm::kWords) {
        put(out + activation_numbers_at() + static_cast<size_t>(word_place(i)) * sizeof(int16_t), static_cast<int16_t>(q));
        group += q;
        if (i % kGroupInputs != kGroupInputs - 1) continue;
        put(out + activation_groups_at(k) + static_cast<size_t>(i / kGroupInputs) * sizeof(int32_t), group);
        group = 0;
        continue;
      }
      out[activation_numbers_at() + static_cast<size_t>(i)] = static_cast<std::byte>(hi);
      head.sum_hi += hi;
      if (args.out.form == ActivationForm::kBytes) continue;
      out[activation_lo_at(k) + static_cast<size_t>(i)] = static_cast<std::byte>(lo);
      head.sum_lo += lo;
    }
    put(out, head);
  }
  return Status::kOk;
}

}  // namespace slackwater
