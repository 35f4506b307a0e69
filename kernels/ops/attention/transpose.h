#pragma once

// Turning a block's K [64][head_dim] or V [head_dim][64] into the fp32 panels that the inner loop reads: in both the
// rows become columns, because memory runs along the dimension that is summed over.

#include <cstddef>
#include <cstdint>

#include "../../lib/vec.h"
#include "../gemm/gemm.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

#if defined(SLACKWATER_ISA_avx512)

// Lane numbers for __builtin_shuffle(a, b, ...): 0 to 15 are a's, 16 to 31 are b's. (The intrinsics of GCC 12 warn of
// an uninitialised operand of their own.)
constexpr IntVec kLowWords = {0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29};
constexpr IntVec kHighWords = {2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31};
constexpr IntVec kLowPairs = {0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29};
constexpr IntVec kHighPairs = {2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31};
constexpr IntVec kEvenQuads = {0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27};
constexpr IntVec kOddQuads = {4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31};

inline Vec shuffle(Vec a, Vec b, IntVec lanes) { return __builtin_shuffle(a, b, lanes); }

/// 16 x 16 values: pairs of rows, then quadruples within 128 bits, then the 128-bit quads.
inline void transpose_16(const half* from, size_t from_stride, float* to, size_t to_stride) {
  Vec r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = load_halves(from + i * from_stride);
  for (int i = 0; i < 16; i += 2) {
    t[i] = shuffle(r[i], r[i + 1], kLowWords);
    t[i + 1] = shuffle(r[i], r[i + 1], kHighWords);
  }
  for (int i = 0; i < 16; i += 4) {  // r[i + j], quad q: column 4 q + j of rows i to i + 3
    r[i] = shuffle(t[i], t[i + 2], kLowPairs);
    r[i + 1] = shuffle(t[i], t[i + 2], kHighPairs);
    r[i + 2] = shuffle(t[i + 1], t[i + 3], kLowPairs);
    r[i + 3] = shuffle(t[i + 1], t[i + 3], kHighPairs);
  }
  for (int j = 0; j < 4; ++j) {  // even: quads 0 and 2 of the upper and of the lower eight rows
    const Vec upper_even = shuffle(r[j], r[4 + j], kEvenQuads), upper_odd = shuffle(r[j], r[4 + j], kOddQuads);
    const Vec lower_even = shuffle(r[8 + j], r[12 + j], kEvenQuads), lower_odd = shuffle(r[8 + j], r[12 + j], kOddQuads);
    store(to + j * to_stride, shuffle(upper_even, lower_even, kEvenQuads));
    store(to + (4 + j) * to_stride, shuffle(upper_odd, lower_odd, kEvenQuads));
    store(to + (8 + j) * to_stride, shuffle(upper_even, lower_even, kOddQuads));
    store(to + (12 + j) * to_stride, shuffle(upper_odd, lower_odd, kOddQuads));
  }
}

#else

inline void transpose_16(const half* from, size_t from_stride, float* to, size_t to_stride) {
  for (size_t i = 0; i < 16; ++i) {
    float row[16];
    for (size_t j = 0; j < 16; j += kLanes) store(row + j, load_halves(from + i * from_stride + j));
    for (size_t j = 0; j < 16; ++j) to[j * to_stride + i] = row[j];
  }
}

#endif

/// `from` [rows, cols] -> `panels` [rows / 32][cols][32]. Rows a multiple of 32, cols of 16.
inline void make_panels(const half* from, int32_t rows, int32_t cols, float* panels) {
  for (int32_t row = 0; row < rows; row += 16) {
    float* panel = panels + static_cast<size_t>(row / kPanelColumns) * panel_size(cols) + row % kPanelColumns;
    for (int32_t col = 0; col < cols; col += 16) {
      transpose_16(from + static_cast<size_t>(row) * cols + col, static_cast<size_t>(cols), panel + static_cast<size_t>(col) * kPanelColumns, kPanelColumns);
    }
  }
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
