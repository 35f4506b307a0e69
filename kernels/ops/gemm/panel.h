#pragma once

// The inner loop of everything that multiplies: rows of fp32 by panels of 32 outputs.
// Shared by gemm and attention; internal linkage, like lib/vec.h.

#include <cstddef>

#include "../../lib/vec.h"
#include "gemm.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

constexpr int kPanelVecs = kPanelColumns / kLanes;

/// Most rows in registers at once, per level: with kRowsMax rows, accumulators, weights and the broadcast value
/// just fit the registers (32 on avx512, 16 elsewhere).
#if defined(SLACKWATER_ISA_avx512)
constexpr int kRowsMax = 12;
#elif defined(SLACKWATER_ISA_avx2)
constexpr int kRowsMax = 6;
#else
constexpr int kRowsMax = 4;
#endif

/// A panel of binary16 weights: [k][32]. It streams from memory, which the hardware alone does not fetch far enough
/// ahead: 2 KiB ahead gave decode 12% at 1 row and 25% at 16.
struct HalfPanel {
  using Word = half;
  static constexpr int kPrefetchInputs = 32;
  static Vec read(const Word* at) { return load_halves(at); }
};

/// A panel of fp32 values: [k][32], in the nearest cache already.
struct FloatPanel {
  using Word = float;
  static constexpr int kPrefetchInputs = 0;
  static Vec read(const Word* at) { return load(at); }
};

template <class Panel>
struct PanelTile {
  float* out;
  size_t out_stride;
  const float* a;
  size_t a_stride;
  const typename Panel::Word* words;  // of the first panel
  size_t panel_stride;                // words from panel to panel
  int32_t k;                          // sums go over [0, k)
  bool accumulate;
};

/// Rows x (Panels * Vecs) accumulators; vector v lies in panel v / Vecs. Every accumulator is one chain in k.
template <class Panel, int Rows, int Panels, int Vecs>
inline __attribute__((always_inline)) void multiply_tile(const PanelTile<Panel>& tile, int32_t panel, int vec) {
  constexpr int kAll = Panels * Vecs;
  Vec sums[Rows][kAll];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < kAll; ++v) sums[r][v] = Vec{};
  }
  const typename Panel::Word* words = tile.words + static_cast<size_t>(panel) * tile.panel_stride + vec * kLanes;
  const float* a = tile.a;
  for (int32_t i = 0; i < tile.k; ++i, words += kPanelColumns) {
    for (int p = 0; p < Panels && Panel::kPrefetchInputs > 0; ++p) {
      __builtin_prefetch(words + static_cast<size_t>(p) * tile.panel_stride + Panel::kPrefetchInputs * kPanelColumns);
    }
    Vec weights[kAll];
    for (int v = 0; v < kAll; ++v) weights[v] = Panel::read(words + static_cast<size_t>(v / Vecs) * tile.panel_stride + (v % Vecs) * kLanes);
    for (int r = 0; r < Rows; ++r) {
      const Vec value = splat(a[static_cast<size_t>(r) * tile.a_stride + i]);
      for (int v = 0; v < kAll; ++v) sums[r][v] = fmadd(value, weights[v], sums[r][v]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < kAll; ++v) {
      float* out = tile.out + static_cast<size_t>(r) * tile.out_stride +
                   static_cast<size_t>(panel + v / Vecs) * kPanelColumns + (vec + v % Vecs) * kLanes;
      store(out, tile.accumulate ? sums[r][v] + load(out) : sums[r][v]);
    }
  }
}

/// Panels [begin, end), all columns valid. Few rows take several panels at once: their chains of additions are
/// what hides the latency that many rows would hide.
template <class Panel, int Rows>
void multiply_rows(const PanelTile<Panel>& tile, int32_t begin, int32_t end) {
  int32_t panel = begin;
#if defined(SLACKWATER_ISA_avx512)
  if constexpr (Rows <= 4) {
    for (; panel + 3 <= end; panel += 3) multiply_tile<Panel, Rows, 3, kPanelVecs>(tile, panel, 0);
  }
  for (; panel < end; ++panel) multiply_tile<Panel, Rows, 1, kPanelVecs>(tile, panel, 0);
#else
  constexpr int kVecs = Rows == 1 ? kPanelVecs : Rows <= 3 && kPanelVecs > 2 ? 4 : 2;
  for (; panel < end; ++panel) {
    for (int vec = 0; vec < kPanelVecs; vec += kVecs) multiply_tile<Panel, Rows, 1, kVecs>(tile, panel, vec);
  }
#endif
}

template <class Panel>
constexpr void (*kMultiply[kRowsMax])(const PanelTile<Panel>& tile, int32_t begin, int32_t end) = {
    multiply_rows<Panel, 1>, multiply_rows<Panel, 2>, multiply_rows<Panel, 3>, multiply_rows<Panel, 4>,
#if !defined(SLACKWATER_ISA_scalar)
    multiply_rows<Panel, 5>, multiply_rows<Panel, 6>,
#endif
#if defined(SLACKWATER_ISA_avx512)
    multiply_rows<Panel, 7>, multiply_rows<Panel, 8>, multiply_rows<Panel, 9>,
    multiply_rows<Panel, 10>, multiply_rows<Panel, 11>, multiply_rows<Panel, 12>,
#endif
};

/// Any number of rows, cut into groups of nearly equal size, by panels [begin, end) with all columns valid.
template <class Panel>
void multiply_panels(PanelTile<Panel> tile, int32_t rows, int32_t begin, int32_t end) {
  const int32_t groups = (rows + kRowsMax - 1) / kRowsMax;
  float* const out = tile.out;
  const float* const a = tile.a;
  // Several panels in the outer loop when rows are few, one when they are many: a panel then stays in the nearest
  // cache while all rows pass over it.
  const int32_t panels = groups > 1 ? 1 : end - begin;
  for (int32_t panel = begin; panel < end; panel += panels) {
    for (int32_t group = 0; group < groups; ++group) {
      const int32_t row = static_cast<int32_t>(static_cast<int64_t>(rows) * group / groups);
      const int32_t next = static_cast<int32_t>(static_cast<int64_t>(rows) * (group + 1) / groups);
      tile.out = out + static_cast<size_t>(row) * tile.out_stride;
      tile.a = a + static_cast<size_t>(row) * tile.a_stride;
      kMultiply<Panel>[next - row - 1](tile, panel, panel + panels);
    }
  }
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
