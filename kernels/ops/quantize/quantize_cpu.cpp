#include "quantize_row.h"

namespace slackwater {
namespace SLACKWATER_ISA {

Status quantize_cpu(const QuantizeArgs& args) {
  if (args.rows < 0 || args.out.k <= 0 || args.x_stride < args.out.k) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + static_cast<size_t>(row) * static_cast<size_t>(args.x_stride);
    quantize_row(args.out, row, [x](int32_t c, int32_t count) { return count == kLanes ? load(x + c) : load_some(x + c, count); });
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
