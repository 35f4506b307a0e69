#include "gemm.h"

#if defined(SLACKWATER_ISA_avx512)
#include "words_avx512.h"
#else
#include "tile_narrow.h"
#endif

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

#if defined(SLACKWATER_ISA_avx512)

/// kFours: from so many rows on a panel is unpacked on its way into the products, and from so many on once for all rows.
constexpr int32_t kUnpackRows = 6, kUnpackOnceRows = 20;

// Most rows and panels that are computed together: sums, weights and the broadcast value just fit the 32 registers.
// With few rows, several panels: their sums hide the latency that many rows would hide.
struct Words {
  static constexpr int kRowsMin = 1, kRowsMax = 12;
  static constexpr int panels(int rows) { return rows <= 3 ? 4 : 2; }
  template <int kRows, int kPanels>
  using Inner = WordsTile<kRows, kPanels>;
};
struct Planes {
  static constexpr int kRowsMin = 1, kRowsMax = 4;
  static constexpr int panels(int rows) { return rows == 1 ? 3 : 2; }
  template <int kRows, int kPanels>
  using Inner = PlanesTile<2, kRows, kPanels>;
};
struct Bytes {
  static constexpr int kRowsMin = 1, kRowsMax = 12;
  static constexpr int panels(int rows) { return rows <= 3 ? 3 : 2; }
  template <int kRows, int kPanels>
  using Inner = PlanesTile<1, kRows, kPanels>;
};
template <WeightForm kForm>
struct Groups {
  static constexpr int kRowsMin = 1, kRowsMax = kForm == WeightForm::kFours ? kUnpackRows - 1 : 6;
  static constexpr int panels(int rows) { return rows == 1 ? 3 : 2; }
  template <int kRows, int kPanels>
  using Inner = GroupsTile<kForm, kRows, kPanels>;
};
struct Unpacked {
  static constexpr int kRowsMin = kUnpackRows, kRowsMax = kUnpackOnceRows - 1;
  static constexpr int panels(int) { return 1; }
  template <int kRows, int kPanels>
  using Inner = UnpackTile<kRows, kPanels>;
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
  if constexpr (kRows > Form::kRowsMin) multiply_rows<Form, kRows - 1>(tile, rows, begin, end);
}

/// Rows that are taken through all panels before the next ones: their activations stay in the second-level cache, and the
/// pages of their outputs, whose rows may lie whole pages apart, among those whose addresses are known.
constexpr int32_t kBlockRows = 96;

/// Rows [begin, end), in groups of nearly equal size. A step of panels stays in the nearest cache while the groups pass.
template <class Form>
void multiply_block(const GemmArgs& args, int32_t begin, int32_t end) {
  const int32_t rows = end - begin, groups = (rows + Form::kRowsMax - 1) / Form::kRowsMax;
  const int32_t step = Form::panels(rows < Form::kRowsMax ? rows : Form::kRowsMax);
  for (int32_t panel = args.panel_begin; panel < args.panel_end; panel += step) {
    const int32_t panel_end = panel + step < args.panel_end ? panel + step : args.panel_end;
    for (int32_t group = 0; group < groups; ++group) {
      const int32_t row = begin + rows * group / groups, next = begin + rows * (group + 1) / groups;
      Tile tile = tile_of(args, row);
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

/// Inputs of two panels that are unpacked at a time: 32 KiB, which stay in the nearest cache.
constexpr int32_t kStretchInputs = 512;

template <int kPanels, int kRows = Words::kRowsMax>
void multiply_unpacked(const Tile& tile, int32_t rows, const WordLines& lines, int32_t panel) {
  if (rows == kRows) return multiply_words<kRows, kPanels>(tile, lines, panel);
  if constexpr (kRows > 1) multiply_unpacked<kPanels, kRows - 1>(tile, rows, lines, panel);
}

/// kPanels panels of kFours by rows [begin, end).
template <int kPanels>
void multiply_fours(const GemmArgs& args, int32_t begin, int32_t end, int32_t panel) {
  alignas(64) std::byte lines[kPanels * kStretchInputs * 32];
  alignas(64) int32_t sums[kBlockRows * kPanels * kGemmColumns];
  const int32_t k = args.weights.k, stretches = (k + kStretchInputs - 1) / kStretchInputs, all = k / kGroupInputs;
  const int32_t rows = end - begin, groups = (rows + Words::kRowsMax - 1) / Words::kRowsMax;
  const size_t one = panel_bytes(WeightForm::kFours, k);
  for (int32_t stretch = 0; stretch < stretches; ++stretch) {
    const int32_t from = all * stretch / stretches, count = all * (stretch + 1) / stretches - from;
    for (int32_t p = 0; p < kPanels; ++p) {
      const std::byte* group = args.weights.panels + static_cast<size_t>(panel + p) * one + panel_head(WeightForm::kFours) + static_cast<size_t>(from) * group_bytes(WeightForm::kFours);
      unpack_fours(group, count, kPanels * one, lines + static_cast<size_t>(p) * kStretchInputs * 32);
    }
    for (int32_t group = 0; group < groups; ++group) {
      const int32_t row = begin + rows * group / groups, next = begin + rows * (group + 1) / groups;
      const WordLines part{lines, kStretchInputs * 32, from * kGroupInputs, count * kGroupInputs, sums + (row - begin) * kPanels * kGemmColumns, stretch == 0, stretch + 1 == stretches};
      multiply_unpacked<kPanels>(tile_of(args, row), next - row, part, panel);
    }
  }
}

void multiply_fours(const GemmArgs& args) {
  if (args.rows < kUnpackRows) return multiply<Groups<WeightForm::kFours>>(args);
  if (args.rows < kUnpackOnceRows) return multiply<Unpacked>(args);
  for (int32_t row = 0; row < args.rows; row += kBlockRows) {
    const int32_t end = row + kBlockRows < args.rows ? row + kBlockRows : args.rows;
    int32_t panel = args.panel_begin;
    for (; panel + 2 <= args.panel_end; panel += 2) multiply_fours<2>(args, row, end, panel);
    if (panel < args.panel_end) multiply_fours<1>(args, row, end, panel);
  }
}

Status multiply_form(const GemmArgs& args) {
  switch (args.weights.form) {
    case WeightForm::kWords: multiply<Words>(args); break;
    case WeightForm::kPlanes: multiply<Planes>(args); break;
    case WeightForm::kBytes: multiply<Bytes>(args); break;
    case WeightForm::kFours: multiply_fours(args); break;
    case WeightForm::kEights: multiply<Groups<WeightForm::kEights>>(args); break;
  }
  return Status::kOk;
}

#else

template <int kRows>
void multiply_half(const GemmArgs& args, int32_t row, const std::byte* panel, int side, float (*values)[kHalf]) {
  const HalfPanel part{args.a.row(row), activation_stride(args.weights.k), panel, side, args.weights.k};
  switch (args.weights.form) {
    case WeightForm::kWords: return multiply_words<kRows>(part, values);
    case WeightForm::kBytes: return multiply_bytes<kRows>(part, values);
    case WeightForm::kFours: return multiply_fours<kRows>(part, values);
    default: return multiply_eights<kRows>(part, values);
  }
}

Status multiply_form(const GemmArgs& args) {
  constexpr int32_t kRowsMax = 4;
  const PackedWeights& w = args.weights;
  if (w.form == WeightForm::kPlanes) return Status::kUnsupported;
  for (int32_t panel = args.panel_begin; panel < args.panel_end; ++panel) {
    const std::byte* at = w.panels + static_cast<size_t>(panel) * panel_bytes(w.form, w.k);
    for (int side = 0; side < 2; ++side) {
      const int32_t first = panel * kGemmColumns + side * kHalf, columns = w.n - first < kHalf ? w.n - first : kHalf;
      if (columns <= 0) break;
      for (int32_t row = 0, count; row < args.rows; row += count) {
        count = args.rows - row < kRowsMax ? 1 : kRowsMax;
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
  return Status::kOk;
}

#endif

}  // namespace

Status gemm_cpu(const GemmArgs& args) {
  const Status status = check_gemm(args);
  return status == Status::kOk ? multiply_form(args) : status;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
