#include "gemm.h"

#if defined(SLACKWATER_ISA_avx512)
#include "tile_avx512.h"
#else
#include "tile_narrow.h"
#endif

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

#if defined(SLACKWATER_ISA_avx512)

// Most rows and panels that are computed together: sums, weights and the broadcast value just fit the 32 registers.
// With few rows, several panels: their sums hide the latency that many rows would hide.
struct Words {
  static constexpr int kRowsMax = 4;
  static constexpr int panels(int rows) { return rows == 1 ? 3 : 2; }
  template <int kRows, int kPanels>
  using Inner = PlanesTile<2, kRows, kPanels>;
};
struct Bytes {
  static constexpr int kRowsMax = 12;
  static constexpr int panels(int rows) { return rows <= 3 ? 3 : 2; }
  template <int kRows, int kPanels>
  using Inner = PlanesTile<1, kRows, kPanels>;
};
template <WeightForm kForm>
struct Groups {
  static constexpr int kRowsMax = 6;
  static constexpr int panels(int rows) { return rows == 1 ? 3 : 2; }
  template <int kRows, int kPanels>
  using Inner = GroupsTile<kForm, kRows, kPanels>;
};

template <class Form, int kRows>
void multiply_panels(const Tile& tile, int32_t begin, int32_t end) {
  constexpr int kPanels = Form::panels(kRows);
  int32_t panel = begin;
  for (; panel + kPanels <= end; panel += kPanels) Form::template Inner<kRows, kPanels>::run(tile, panel);
  for (; panel < end; ++panel) Form::template Inner<kRows, 1>::run(tile, panel);
}

template <class Form, int kRows = Form::kRowsMax>
void multiply_rows(const Tile& tile, int32_t rows, int32_t begin, int32_t end) {
  if (rows == kRows) return multiply_panels<Form, kRows>(tile, begin, end);
  if constexpr (kRows > 1) multiply_rows<Form, kRows - 1>(tile, rows, begin, end);
}

/// Rows that are taken through all panels before the next ones: their activations stay in the second-level cache, and the
/// pages of their outputs, whose rows may lie whole pages apart, among those whose addresses are known.
constexpr int32_t kBlockRows = 96;

/// Rows [begin, end), in groups of nearly equal size. A step of panels stays in the nearest cache while the groups pass.
template <class Form>
void multiply_block(const GemmArgs& args, int32_t begin, int32_t end) {
  const PackedWeights& w = args.weights;
  const auto out_stride = static_cast<size_t>(args.out_stride);
  const int32_t rows = end - begin, groups = (rows + Form::kRowsMax - 1) / Form::kRowsMax;
  const int32_t step = Form::panels(rows < Form::kRowsMax ? rows : Form::kRowsMax);
  for (int32_t panel = args.panel_begin; panel < args.panel_end; panel += step) {
    const int32_t panel_end = panel + step < args.panel_end ? panel + step : args.panel_end;
    for (int32_t group = 0; group < groups; ++group) {
      const int32_t row = begin + rows * group / groups, next = begin + rows * (group + 1) / groups;
      Tile tile{args.out + static_cast<size_t>(row) * out_stride, out_stride, args.a.row(row), activation_stride(w.k), w.panels, panel_bytes(w.form, w.k), w.n, w.k, args.accumulate, {}};
      // While these panels are multiplied, the next ones are fetched: each group looks after its share of the streams.
      for (int32_t stream = 0; stream < 4; ++stream) {
        if (stream % groups == group) tile.ahead[stream] = static_cast<size_t>(step) * tile.panel_bytes;
      }
      multiply_rows<Form>(tile, next - row, panel, panel_end);
    }
  }
}

template <class Form>
void multiply(const GemmArgs& args) {
  for (int32_t row = 0; row < args.rows; row += kBlockRows) multiply_block<Form>(args, row, row + kBlockRows < args.rows ? row + kBlockRows : args.rows);
}

void multiply_form(const GemmArgs& args) {
  switch (args.weights.form) {
    case WeightForm::kWords: return multiply<Words>(args);
    case WeightForm::kBytes: return multiply<Bytes>(args);
    case WeightForm::kFours: return multiply<Groups<WeightForm::kFours>>(args);
    case WeightForm::kFoursWide: return multiply<Groups<WeightForm::kFoursWide>>(args);
    case WeightForm::kEights: return multiply<Groups<WeightForm::kEights>>(args);
  }
}

#else

template <int kRows>
void multiply_half(const GemmArgs& args, int32_t row, const std::byte* panel, int side, float (*values)[kHalf]) {
  const std::byte* a = args.a.row(row);
  const size_t a_stride = activation_stride(args.weights.k);
  const int32_t k = args.weights.k;
  switch (args.weights.form) {
    case WeightForm::kWords: return multiply_planes<2, kRows>(a, a_stride, panel, side, k, values);
    case WeightForm::kBytes: return multiply_planes<1, kRows>(a, a_stride, panel, side, k, values);
    case WeightForm::kFours: return multiply_groups<WeightForm::kFours, kRows>(a, a_stride, panel, side, k, values);
    case WeightForm::kFoursWide: return multiply_groups<WeightForm::kFoursWide, kRows>(a, a_stride, panel, side, k, values);
    case WeightForm::kEights: return multiply_groups<WeightForm::kEights, kRows>(a, a_stride, panel, side, k, values);
  }
}

void multiply_form(const GemmArgs& args) {
  constexpr int32_t kRowsMax = 2;
  const PackedWeights& w = args.weights;
  for (int32_t panel = args.panel_begin; panel < args.panel_end; ++panel) {
    const std::byte* at = w.panels + static_cast<size_t>(panel) * panel_bytes(w.form, w.k);
    for (int side = 0; side < 2; ++side) {
      const int32_t first = panel * kGemmColumns + side * kHalf, columns = w.n - first < kHalf ? w.n - first : kHalf;
      if (columns <= 0) break;
      for (int32_t row = 0; row < args.rows; row += kRowsMax) {
        const int32_t count = args.rows - row < kRowsMax ? args.rows - row : kRowsMax;
        float values[kRowsMax][kHalf];
        if (count == kRowsMax) multiply_half<kRowsMax>(args, row, at, side, values);
        else multiply_half<1>(args, row, at, side, values);
        for (int32_t r = 0; r < count; ++r) {
          float* out = args.out + static_cast<size_t>(row + r) * static_cast<size_t>(args.out_stride) + first;
          for (int32_t c = 0; c < columns; ++c) out[c] = args.accumulate ? out[c] + values[r][c] : values[r][c];
        }
      }
    }
  }
}

#endif

}  // namespace

Status gemm_cpu(const GemmArgs& args) {
  const Status status = check_gemm(args);
  if (status == Status::kOk && args.rows > 0) multiply_form(args);
  return status;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
