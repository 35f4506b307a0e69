#include "quantize.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace slackwater {

Status quantize_ref(const QuantizeArgs& args) {
  const int32_t k = args.out.k, padded = padded_inputs(k);
  if (args.rows < 0 || k <= 0 || args.x_stride < k) return Status::kBadShape;
  const bool is_two = args.out.terms == ActivationTerms::kTwo;
  const float steps = is_two ? 32512.0f : 127.0f;
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
    const float inverse = is_zero ? 0.0f : steps / largest;
    ActivationHead head{is_zero ? 0.0f : largest / steps, 0, 0};
    if (!is_finite) head.scale = std::numeric_limits<float>::quiet_NaN();
    for (int32_t group = 0; group < padded / kGroupInputs; ++group) {
      int32_t sum = 0;
      for (int32_t i = group * kGroupInputs; i < (group + 1) * kGroupInputs; ++i) {
        const int32_t q = i < k && !is_zero ? static_cast<int32_t>(std::nearbyint(x[i] * inverse)) : 0;
        const int32_t hi = is_two ? (q + 128) >> 8 : q, lo = is_two ? q - hi * 256 : 0;
        out[activation_hi_at() + static_cast<size_t>(i)] = static_cast<std::byte>(hi);
        if (is_two) out[activation_lo_at(k) + static_cast<size_t>(i)] = static_cast<std::byte>(lo);
        head.sum_hi += hi;
        head.sum_lo += lo;
        sum += q;
      }
      const auto as_float = static_cast<float>(sum);
      if (is_two) std::memcpy(out + activation_groups_at(k) + static_cast<size_t>(group) * sizeof(float), &as_float, sizeof as_float);
    }
    std::memcpy(out, &head, sizeof head);
  }
  return Status::kOk;
}

}  // namespace slackwater
