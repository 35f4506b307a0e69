#include "gemm_agree.h"

#include <cstring>
#include <vector>

namespace slackwater {
namespace {

constexpr int32_t kRows = 2 * kTileRowsMin + 3, kOutputs = 2 * kGemmColumns + 1, kInputs = 650;

/// Bytes that look drawn (Numerical Recipes' generator, its upper bits).
class Bytes {
 public:
  std::byte next() { return static_cast<std::byte>((state_ = state_ * 1664525u + 1013904223u) >> 24); }

 private:
  uint32_t state_ = 18;
};

void put_float(std::byte* at, float value) { std::memcpy(at, &value, sizeof value); }

bool agrees(Status (*gemm)(const GemmArgs& args), WeightForm form) {
  Bytes bytes;
  const size_t panel = panel_bytes(form, kInputs), stride = activation_stride(kInputs), panels = static_cast<size_t>(gemm_panels(kOutputs));
  std::vector<std::byte> weights(panels * panel), rows(kRows * stride);
  for (std::byte& byte : weights) byte = bytes.next();
  for (size_t p = 0; p < panels; ++p) {
    for (int32_t c = 0; c < kGemmColumns; ++c) put_float(weights.data() + p * panel + static_cast<size_t>(c) * sizeof(float), 1.0f / static_cast<float>(c + 3));
  }
  for (int32_t r = 0; r < kRows; ++r) {
    std::byte* row = rows.data() + static_cast<size_t>(r) * stride;
    for (const size_t plane : {activation_numbers_at(), activation_lo_at(kInputs)}) {
      for (int32_t i = 0; i < kInputs; ++i) row[plane + static_cast<size_t>(i)] = bytes.next();
    }
    // What is added for the weights' offset, as if the row had been quantised: sums over hi and lo.
    ActivationHead head{1.0f / static_cast<float>(r + 7), 0, 0};
    for (int32_t i = 0; i < kInputs; ++i) {
      head.sum_hi += static_cast<int8_t>(row[activation_numbers_at() + static_cast<size_t>(i)]);
      head.sum_lo += static_cast<int8_t>(row[activation_lo_at(kInputs) + static_cast<size_t>(i)]);
    }
    std::memcpy(row, &head, sizeof head);
  }
  std::vector<float> want(static_cast<size_t>(kRows) * kOutputs, 0.5f), got = want;
  GemmArgs args{want.data(), kOutputs, {rows.data(), kInputs, activations_of(form)}, {weights.data(), form, kOutputs, kInputs}, kRows, 0, gemm_panels(kOutputs), true};
  if (gemm_packed_ref(args) != Status::kOk) return false;
  args.out = got.data();
  return gemm(args) == Status::kOk && std::memcmp(got.data(), want.data(), want.size() * sizeof(float)) == 0;
}

}  // namespace

bool gemm_agrees(Status (*gemm)(const GemmArgs& args)) { return agrees(gemm, WeightForm::kPlanes) && agrees(gemm, WeightForm::kBytes); }

}  // namespace slackwater
