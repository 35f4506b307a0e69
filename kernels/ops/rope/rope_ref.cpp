#include <cmath>
#include <cstddef>

#include "rope.h"

namespace slackwater {

Status check_rope(const RopeArgs& args) {
  const bool fits = args.rows >= 0 && args.heads > 0 && args.pairs >= 0 && args.head_dim >= 2 * args.pairs &&
                    args.stride / args.heads >= args.head_dim;
  if (!fits) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    if (args.positions[row] < 0 || args.positions[row] >= args.table_rows) return Status::kBadShape;
  }
  return Status::kOk;
}

Status rope_ref(const RopeArgs& args) {
  const Status status = check_rope(args);
  if (status != Status::kOk) return status;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* angles = args.table + static_cast<size_t>(args.positions[row]) * args.pairs * 2;
    for (int32_t head = 0; head < args.heads; ++head) {
      float* x = args.x + static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * args.head_dim;
      for (int32_t i = 0; i < args.pairs; ++i) {
        const bool is_halves = args.layout == RopeLayout::kHalves;
        float& first = x[is_halves ? i : 2 * i];
        float& second = x[is_halves ? i + args.pairs : 2 * i + 1];
        const double a = first, b = second, cosine = angles[2 * i], sine = angles[2 * i + 1];
        first = static_cast<float>(a * cosine - b * sine);
        second = static_cast<float>(a * sine + b * cosine);
      }
    }
  }
  return Status::kOk;
}

void fill_rope_table(float* table, int32_t rows, int32_t pairs, double base, const float* factors) {
  for (int32_t i = 0; i < pairs; ++i) {
    float frequency = static_cast<float>(1.0 / std::pow(base, static_cast<double>(i) / pairs));
    if (factors != nullptr) frequency /= factors[i];
    for (int32_t position = 0; position < rows; ++position) {
      const float angle = static_cast<float>(position) * frequency;
      float* entry = table + (static_cast<size_t>(position) * pairs + i) * 2;
      entry[0] = static_cast<float>(std::cos(static_cast<double>(angle)));
      entry[1] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }
}

}  // namespace slackwater
