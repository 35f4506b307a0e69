#pragma once

// What the inner loops of gemm in 512-bit vectors share, and those of bytes: 16 outputs a vector, 4 inputs an instruction
// (vpdpbusd: unsigned weights in a register, a row's four signed bytes broadcast from memory). Only for gemm_cpu.cpp.

#include "finish.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// What the inner loops see of a GemmArgs.
struct Tile {
  float* out;  // of the first row, first output of panel 0
  size_t out_stride;
  const std::byte* a;  // of the first row
  size_t a_stride;
  const std::byte* panels;
  size_t panel_bytes;
  int32_t n, k;
  bool accumulate;
  /// Bytes from a line to the one that is fetched for later, for each of the streams of lines (panel, plane). Zero, the line
  /// itself, costs nothing: in a group of rows that has no stream to look after.
  size_t ahead[4];
};

/// Of a layer, from row `row` of the activations on.
inline Tile tile_of(const GemmArgs& args, int32_t row) {
  const PackedWeights& w = args.weights;
  const auto out_stride = static_cast<size_t>(args.out_stride);
  return {args.out + static_cast<size_t>(row) * out_stride, out_stride, args.a.row(row), activation_stride(w.k), w.panels, panel_bytes(w.form, w.k), w.n, w.k, args.accumulate, {}};
}

#define SLACKWATER_LAMBDA __attribute__((always_inline))

/// A number that is known when compiled: the place in an array of sums.
template <int kValue>
struct Number {
  constexpr operator int() const { return kValue; }
};

/// body(Number<0>{}) .. body(Number<kEnd - 1>{}). By templates: arrays of sums stay in registers only where every index is
/// known before the compiler unrolls loops, and where their type is not one that may alias anything, as __m512i is. With
/// GCC 12 either fault writes all sums to memory in every turn, which halves the speed.
template <int kEnd, int kFirst = 0, class Body>
SLACKWATER_INLINE void each(const Body& body) {
  if constexpr (kFirst < kEnd) {
    body(Number<kFirst>{});
    each<kEnd, kFirst + 1>(body);
  }
}

/// sum + the products of 4 inputs. Not the intrinsic: GCC 12 copies its sums from register to register, and gives it the
/// broadcast as an operand from memory, which runs at a third of the speed.
SLACKWATER_INLINE IntVec add_products(IntVec sum, __m512i weights, __m512i inputs) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(weights), "v"(inputs));
  return sum;
}

/// Into the second-level cache: weights come from memory, and the hardware alone does not fetch them far enough ahead.
SLACKWATER_INLINE void fetch(const std::byte* at) { _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1); }

SLACKWATER_INLINE __m512i load_line(const std::byte* at) { return _mm512_loadu_si512(at); }

/// Four bytes of a row, or two words, for every output.
SLACKWATER_INLINE __m512i broadcast(const std::byte* at) {
  int32_t bytes;
  __builtin_memcpy(&bytes, at, sizeof bytes);
  return _mm512_set1_epi32(bytes);
}

SLACKWATER_INLINE void put_outputs(const Tile& tile, int32_t row, int32_t panel, __m512 values) {
  float* out = tile.out + static_cast<size_t>(row) * tile.out_stride + static_cast<size_t>(panel) * kGemmColumns;
  const int32_t columns = tile.n - panel * kGemmColumns;
  const __mmask16 mask = columns >= kGemmColumns ? 0xffff : static_cast<__mmask16>((1u << columns) - 1);
  if (tile.accumulate) values = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out), values);
  _mm512_mask_storeu_ps(out, mask, values);
}

/// Asks for the lines that put_outputs will write. Without it a tile's stores wait for memory, and all later ones, those of
/// sums that found no register among them, wait behind them.
template <int kRows, int kPanels>
SLACKWATER_INLINE void expect_outputs(const Tile& tile, int32_t panel) {
  each<kRows>([&](auto r) SLACKWATER_LAMBDA {
    each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
      const float* out = tile.out + static_cast<size_t>(r) * tile.out_stride + static_cast<size_t>(panel + p) * kGemmColumns;
      _mm_prefetch(reinterpret_cast<const char*>(out), _MM_HINT_T0);
    });
  });
}

/// kPlanes (2 planes) or kBytes (1): kRows rows by kPanels panels.
template <int kPlanes, int kRows, int kPanels>
struct PlanesTile {
  static SLACKWATER_INLINE void run(const Tile& tile, int32_t panel) {
    expect_outputs<kRows, kPanels>(tile, panel);
    IntVec high[kRows][kPanels], cross[kRows][kPanels], low[kRows][kPanels];
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA { high[r][p] = cross[r][p] = low[r][p] = IntVec{}; });
    });
    const std::byte* first = tile.panels + static_cast<size_t>(panel) * tile.panel_bytes;
    const std::byte* w = first + 64;
    const std::byte* a = tile.a + activation_numbers_at();
    const size_t lo = activation_lo_at(tile.k) - activation_numbers_at();
    const int32_t padded = padded_inputs(tile.k);
    for (int32_t i = 0; i < padded; i += 64, w += 1024 * kPlanes) {
#pragma GCC unroll 1
      for (int32_t line = 0; line < 16; ++line, a += 4) {
        const std::byte* at = w + line * 64;
        each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
          const std::byte* line = at + static_cast<size_t>(p) * tile.panel_bytes;
          fetch(line + tile.ahead[p % 2 * 2]);
          if constexpr (kPlanes == 2) fetch(line + 1024 + tile.ahead[p % 2 * 2 + 1]);
        });
        __m512i hi_w[kPanels], lo_w[kPanels];
        each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
          hi_w[p] = load_line(at + static_cast<size_t>(p) * tile.panel_bytes);
          if constexpr (kPlanes == 2) lo_w[p] = load_line(at + 1024 + static_cast<size_t>(p) * tile.panel_bytes);
        });
        each<kRows>([&](auto r) SLACKWATER_LAMBDA {
          const std::byte* row = a + static_cast<size_t>(r) * tile.a_stride;
          const __m512i hi_a = broadcast(row);
          each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
            high[r][p] = add_products(high[r][p], hi_w[p], hi_a);
            if constexpr (kPlanes == 2) cross[r][p] = add_products(cross[r][p], lo_w[p], hi_a);
          });
          if constexpr (kPlanes == 2) {
            const __m512i lo_a = broadcast(row + lo);
            each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
              cross[r][p] = add_products(cross[r][p], hi_w[p], lo_a);
              low[r][p] = add_products(low[r][p], lo_w[p], lo_a);
            });
          }
        });
      }
    }
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      const ActivationHead head = read_head(tile.a + static_cast<size_t>(r) * tile.a_stride);
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        const __m512 scale = _mm512_loadu_ps(first + static_cast<size_t>(p) * tile.panel_bytes);
        if constexpr (kPlanes == 1) put_outputs(tile, r, panel + p, finish_bytes(high[r][p], head, scale));
        else put_outputs(tile, r, panel + p, finish_planes(high[r][p], cross[r][p], low[r][p], head, scale));
      });
    });
  }
};

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
