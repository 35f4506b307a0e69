#pragma once

// Inner loops of gemm in 512-bit vectors: 16 outputs a vector, 4 inputs an instruction (vpdpbusd: unsigned weights in a
// register, a row's four signed bytes broadcast from memory). Only for gemm_cpu.cpp.

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

SLACKWATER_INLINE __m512 to_floats(IntVec v) { return _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(v)); }

SLACKWATER_INLINE __m512i load_line(const std::byte* at) { return _mm512_loadu_si512(at); }

SLACKWATER_INLINE __m512i four_inputs(const std::byte* at) {
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

/// kWords (2 planes) or kBytes (1): kRows rows by kPanels panels.
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
    const std::byte* a = tile.a + activation_hi_at();
    const size_t lo = activation_lo_at(tile.k) - activation_hi_at();
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
          const __m512i hi_a = four_inputs(row);
          each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
            high[r][p] = add_products(high[r][p], hi_w[p], hi_a);
            if constexpr (kPlanes == 2) cross[r][p] = add_products(cross[r][p], lo_w[p], hi_a);
          });
          if constexpr (kPlanes == 2) {
            const __m512i lo_a = four_inputs(row + lo);
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
        else put_outputs(tile, r, panel + p, finish_words(high[r][p], cross[r][p], low[r][p], head, scale));
      });
    });
  }
};

/// d and m of 16 outputs.
template <WeightForm kForm>
SLACKWATER_INLINE void read_scales(const std::byte* at, __m512& d, __m512& m) {
  if constexpr (kForm == WeightForm::kFoursWide) {
    d = _mm512_loadu_ps(at);
    m = _mm512_loadu_ps(at + 64);
  } else {
    d = _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
    m = _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32)));
  }
}

/// The grouped forms. With few rows, the two halves of a product have sums of their own: with one sum each, the latency of
/// sixteen instructions in a row would not be hidden.
template <WeightForm kForm, int kRows, int kPanels>
struct GroupsTile {
  static SLACKWATER_INLINE void run(const Tile& tile, int32_t panel) {
    expect_outputs<kRows, kPanels>(tile, panel);
    constexpr bool kIsSplit = kRows * kPanels <= 8;
    constexpr int kLines = 8;
    Vec sums[kRows][kPanels];
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA { sums[r][p] = Vec{}; });
    });
    const std::byte* w = tile.panels + static_cast<size_t>(panel) * tile.panel_bytes;
    const std::byte* a = tile.a + activation_hi_at();
    const size_t lo = activation_lo_at(tile.k) - activation_hi_at();
    const std::byte* group_sums = tile.a + activation_groups_at(tile.k);
    for (int32_t i = 0; i < tile.k; i += kGroupInputs, a += kGroupInputs, w += group_bytes(kForm), group_sums += 4) {
      IntVec high[kRows][kPanels], low[kRows][kPanels];
      each<kRows>([&](auto r) SLACKWATER_LAMBDA {
        each<kPanels>([&](auto p) SLACKWATER_LAMBDA { high[r][p] = low[r][p] = IntVec{}; });
      });
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        const std::byte* at = w + static_cast<size_t>(p) * tile.panel_bytes;
        for (size_t line = 0; line < group_bytes(kForm); line += 64) fetch(at + line + tile.ahead[p % 2 * 2]);
      });
      if constexpr (kIsSplit) {
        each<kLines>([&](auto line) SLACKWATER_LAMBDA {
          each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
            const __m512i numbers = read_line(w + static_cast<size_t>(p) * tile.panel_bytes, line);
            each<kRows>([&](auto r) SLACKWATER_LAMBDA {
              const std::byte* row = a + static_cast<size_t>(r) * tile.a_stride + line * 4;
              high[r][p] = add_products(high[r][p], numbers, four_inputs(row));
              low[r][p] = add_products(low[r][p], numbers, four_inputs(row + lo));
            });
          });
        });
        each<kRows>([&](auto r) SLACKWATER_LAMBDA {
          each<kPanels>([&](auto p) SLACKWATER_LAMBDA { high[r][p] = (high[r][p] << 8) + low[r][p]; });
        });
      } else {
        __m512i numbers[kPanels][kLines];
        each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
          each<kLines>([&](auto line) SLACKWATER_LAMBDA { numbers[p][line] = read_line(w + static_cast<size_t>(p) * tile.panel_bytes, line); });
        });
        each<kLines>([&](auto line) SLACKWATER_LAMBDA {
          each<kRows>([&](auto r) SLACKWATER_LAMBDA {
            each<kPanels>([&](auto p) SLACKWATER_LAMBDA { high[r][p] = add_products(high[r][p], numbers[p][line], four_inputs(a + static_cast<size_t>(r) * tile.a_stride + line * 4)); });
          });
        });
        each<kRows>([&](auto r) SLACKWATER_LAMBDA {
          each<kPanels>([&](auto p) SLACKWATER_LAMBDA { high[r][p] <<= 8; });
        });
        each<kLines>([&](auto line) SLACKWATER_LAMBDA {
          each<kRows>([&](auto r) SLACKWATER_LAMBDA {
            each<kPanels>([&](auto p) SLACKWATER_LAMBDA { high[r][p] = add_products(high[r][p], numbers[p][line], four_inputs(a + lo + static_cast<size_t>(r) * tile.a_stride + line * 4)); });
          });
        });
      }
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        __m512 d, m;
        read_scales<kForm>(w + static_cast<size_t>(p) * tile.panel_bytes + group_numbers(kForm), d, m);
        each<kRows>([&](auto r) SLACKWATER_LAMBDA {
          sums[r][p] = _mm512_fmadd_ps(d, to_floats(high[r][p]), sums[r][p]);
          sums[r][p] = _mm512_fmadd_ps(m, _mm512_set1_ps(read_float(group_sums + static_cast<size_t>(r) * tile.a_stride)), sums[r][p]);
        });
      });
    }
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      const __m512 scale = _mm512_set1_ps(read_head(tile.a + static_cast<size_t>(r) * tile.a_stride).scale);
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA { put_outputs(tile, r, panel + p, _mm512_mul_ps(sums[r][p], scale)); });
    });
  }

  static SLACKWATER_INLINE __m512i read_line(const std::byte* group, int line) {
    if constexpr (kForm == WeightForm::kEights) return load_line(group + line * 64);
    const __m512i both = load_line(group + line / 2 * 64), mask = _mm512_set1_epi8(15);
    return _mm512_and_si512(line % 2 == 0 ? both : _mm512_srli_epi16(both, 4), mask);
  }
};

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
