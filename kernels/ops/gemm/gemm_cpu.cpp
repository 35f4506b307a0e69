#include "gemm.h"

#include "panel.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// The last panel when n is no multiple of its columns: computed whole beside the output, then copied.
void multiply_ragged(const GemmArgs& args, const PanelTile<HalfPanel>& tile, int32_t panel) {
  const int32_t columns = args.weights.n - panel * kPanelColumns;
  float block[kRowsMax * kPanelColumns];
  for (int32_t row = 0; row < args.rows; row += kRowsMax) {
    const int32_t count = args.rows - row < kRowsMax ? args.rows - row : kRowsMax;
    PanelTile<HalfPanel> part = tile;
    part.out = block;
    part.out_stride = kPanelColumns;
    part.a += static_cast<size_t>(row) * args.a_stride;
    part.words += static_cast<size_t>(panel) * tile.panel_stride;
    part.accumulate = false;
    kMultiply<HalfPanel>[count - 1](part, 0, 1);
    for (int32_t r = 0; r < count; ++r) {
      float* out = args.out + static_cast<size_t>(row + r) * args.out_stride + static_cast<size_t>(panel) * kPanelColumns;
      for (int32_t c = 0; c < columns; ++c) out[c] = block[r * kPanelColumns + c] + (args.accumulate ? out[c] : 0.0f);
    }
  }
}

}  // namespace

Status gemm_cpu(const GemmArgs& args) {
  const Status status = check_gemm(args);
  if (status != Status::kOk || args.rows == 0) return status;
  const PackedWeights& w = args.weights;
  const PanelTile<HalfPanel> tile{args.out, static_cast<size_t>(args.out_stride), args.a, static_cast<size_t>(args.a_stride),
                                  w.panels, panel_size(w.k), w.k, args.accumulate};
  const int32_t whole_end = args.panel_end < w.n / kPanelColumns ? args.panel_end : w.n / kPanelColumns;
  if (args.panel_begin < whole_end) multiply_panels(tile, args.rows, args.panel_begin, whole_end);
  if (args.panel_end > whole_end && args.panel_end > args.panel_begin) multiply_ragged(args, tile, args.panel_end - 1);
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
