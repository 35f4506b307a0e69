#pragma once

// Inner loops of gemm for 16-bit activations in 512-bit vectors: 16 outputs a vector, 2 inputs an instruction (vpdpwssd: weights
// in a register, a row's two words broadcast from memory). Sums wrap, as the definition's do. Only for gemm_cpu.cpp.

#include "tile_avx512.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// sum + the products of 2 inputs. Not the intrinsic, see add_products.
SLACKWATER_INLINE IntVec add_word_products(IntVec sum, __m512i weights, __m512i inputs) {
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(weights), "v"(inputs));
  return sum;
}

SLACKWATER_INLINE IntVec add(IntVec a, IntVec b) { return reinterpret_cast<IntVec>(_mm512_add_epi32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b))); }
SLACKWATER_INLINE IntVec times(IntVec a, __m512i b) { return reinterpret_cast<IntVec>(_mm512_mullo_epi32(reinterpret_cast<__m512i>(a), b)); }

/// Lines of kWords: of the panels themselves, or of a stretch of inputs that was unpacked.
struct WordLines {
  const std::byte* at;  // of the first panel
  size_t panel;         // bytes from panel to panel
  int32_t from, count;  // inputs; multiples of 4
  /// Sums between stretches, [row][panel][16]; the first stretch does not read them, the last writes outputs instead.
  int32_t* sums;
  bool is_first, is_last;
};

/// kRows rows by kPanels panels, of which the first is `panel`. Not inline: packed and unpacked panels share it.
template <int kRows, int kPanels>
void multiply_words(const Tile& tile, const WordLines& lines, int32_t panel) {
  IntVec sums[kRows][kPanels];
  const auto kept = [&](int r, int p) SLACKWATER_LAMBDA { return lines.sums + (r * kPanels + p) * kGemmColumns; };
  if (lines.is_last) expect_outputs<kRows, kPanels>(tile, panel);
  each<kRows>([&](auto r) SLACKWATER_LAMBDA {
    each<kPanels>([&](auto p) SLACKWATER_LAMBDA { sums[r][p] = lines.is_first ? IntVec{} : reinterpret_cast<IntVec>(_mm512_loadu_si512(kept(r, p))); });
  });
  const std::byte* w = lines.at;
  const std::byte* a = tile.a + activation_numbers_at() + static_cast<size_t>(lines.from) * sizeof(int16_t);
#pragma GCC unroll 1
  for (int32_t i = 0; i < lines.count; i += 4, a += 8, w += 128) {
    each<2>([&](auto half) SLACKWATER_LAMBDA {
      __m512i weights[kPanels];
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        const std::byte* line = w + half * 64 + static_cast<size_t>(p) * lines.panel;
        fetch(line + tile.ahead[p]);
        weights[p] = load_line(line);
      });
      each<kRows>([&](auto r) SLACKWATER_LAMBDA {
        const __m512i inputs = broadcast(a + half * 4 + static_cast<size_t>(r) * tile.a_stride);
        each<kPanels>([&](auto p) SLACKWATER_LAMBDA { sums[r][p] = add_word_products(sums[r][p], weights[p], inputs); });
      });
    });
  }
  if (!lines.is_last) {
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA { _mm512_storeu_si512(kept(r, p), reinterpret_cast<__m512i>(sums[r][p])); });
    });
    return;
  }
  const std::byte* scales = tile.panels + static_cast<size_t>(panel) * tile.panel_bytes;
  each<kRows>([&](auto r) SLACKWATER_LAMBDA {
    const ActivationHead head = read_head(tile.a + static_cast<size_t>(r) * tile.a_stride);
    each<kPanels>([&](auto p) SLACKWATER_LAMBDA { put_outputs(tile, r, panel + p, finish_words(sums[r][p], head, _mm512_loadu_ps(scales + static_cast<size_t>(p) * tile.panel_bytes))); });
  });
}

template <int kRows, int kPanels>
struct WordsTile {
  static SLACKWATER_INLINE void run(const Tile& tile, int32_t panel) {
    const std::byte* first = tile.panels + static_cast<size_t>(panel) * tile.panel_bytes + panel_head(WeightForm::kWords);
    multiply_words<kRows, kPanels>(tile, {first, tile.panel_bytes, 0, (tile.k + 3) & ~3, nullptr, true, true}, panel);
  }
};

/// Line `line` of the four that 64 bytes hold.
SLACKWATER_INLINE __m512i part_of(__m512i four, int line) {
  // Of the four halves of bytes in a word: the lower byte's low half, the upper's low half, then the high halves.
  const __m512i mask = _mm512_set1_epi16(15);
  switch (line) {
    case 0: return _mm512_and_si512(four, mask);
    case 1: return _mm512_and_si512(_mm512_srli_epi16(four, 8), mask);
    case 2: return _mm512_and_si512(_mm512_srli_epi16(four, 4), mask);
    default: return _mm512_srli_epi16(four, 12);
  }
}

/// Line `line` of the sixteen of a group, as words.
template <WeightForm kForm>
SLACKWATER_INLINE __m512i read_words(const std::byte* group, int line) {
  if constexpr (kForm == WeightForm::kEights) {
    const __m512i both = load_line(group + line / 2 * 64);
    return line % 2 == 0 ? _mm512_and_si512(both, _mm512_set1_epi16(255)) : _mm512_srli_epi16(both, 8);
  }
  return part_of(load_line(group + line / 4 * 64), line % 4);
}

SLACKWATER_INLINE __m512i read_steps(const std::byte* at) { return _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))); }

/// d and m of a group of kFours, for both words of an output.
struct Steps {
  __m512i d, m;
};
SLACKWATER_INLINE Steps read_both_steps(const std::byte* group) {
  const auto twice = [](__m512i v) { return _mm512_or_si512(_mm512_slli_epi32(v, 16), _mm512_and_si512(v, _mm512_set1_epi32(0xffff))); };
  const std::byte* at = group + group_numbers(WeightForm::kFours);
  return {twice(read_steps(at)), twice(read_steps(at + 32))};
}
SLACKWATER_INLINE __m512i stepped(__m512i numbers, const Steps& steps) { return _mm512_add_epi16(_mm512_mullo_epi16(numbers, steps.d), steps.m); }

/// A panel's `groups` groups of kFours as lines of kWords.
inline void unpack_fours(const std::byte* group, int32_t groups, size_t ahead, std::byte* out) {
  for (int32_t g = 0; g < groups; ++g, group += group_bytes(WeightForm::kFours), out += 1024) {
    for (size_t line = 0; line < group_bytes(WeightForm::kFours); line += 64) fetch(group + ahead + line);
    const Steps steps = read_both_steps(group);
    each<16>([&](auto line) SLACKWATER_LAMBDA { _mm512_storeu_si512(out + line * 64, stepped(read_words<WeightForm::kFours>(group, line), steps)); });
  }
}

/// One panel of kFours, unpacked on its way into the products of kRows rows.
template <int kRows, int kPanels>
struct UnpackTile {
  static_assert(kPanels == 1);

  static SLACKWATER_INLINE void run(const Tile& tile, int32_t panel) {
    expect_outputs<kRows, 1>(tile, panel);
    IntVec sums[kRows];
    each<kRows>([&](auto r) SLACKWATER_LAMBDA { sums[r] = IntVec{}; });
    const std::byte* first = tile.panels + static_cast<size_t>(panel) * tile.panel_bytes;
    const std::byte* w = first + panel_head(WeightForm::kFours);
    const std::byte* a = tile.a + activation_numbers_at();
    for (int32_t i = 0; i < tile.k; i += kGroupInputs, w += group_bytes(WeightForm::kFours)) {
      const Steps steps = read_both_steps(w);
      for (size_t line = 0; line < group_bytes(WeightForm::kFours); line += 64) fetch(w + line + tile.ahead[0]);
#pragma GCC unroll 1
      for (int quad = 0; quad < 4; ++quad, a += 16) {
        const __m512i four = load_line(w + quad * 64);
        each<4>([&](auto line) SLACKWATER_LAMBDA {
          const __m512i weights = stepped(part_of(four, line), steps);
          each<kRows>([&](auto r) SLACKWATER_LAMBDA { sums[r] = add_word_products(sums[r], weights, broadcast(a + line * 4 + static_cast<size_t>(r) * tile.a_stride)); });
        });
      }
    }
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      put_outputs(tile, r, panel, finish_words(sums[r], read_head(tile.a + static_cast<size_t>(r) * tile.a_stride), _mm512_loadu_ps(first)));
    });
  }
};

/// The grouped forms as they lie, for few rows: products with the packed numbers, then one with the group's d.
template <WeightForm kForm, int kRows, int kPanels>
struct GroupsTile {
  static constexpr bool kIsFours = kForm == WeightForm::kFours;

  static SLACKWATER_INLINE void run(const Tile& tile, int32_t panel) {
    expect_outputs<kRows, kPanels>(tile, panel);
    IntVec whole[kRows][kPanels];  // kFours
    Vec sums[kRows][kPanels];      // kEights
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        whole[r][p] = IntVec{};
        sums[r][p] = Vec{};
      });
    });
    const std::byte* first = tile.panels + static_cast<size_t>(panel) * tile.panel_bytes;
    const std::byte* w = first + panel_head(kForm);
    const std::byte* a = tile.a + activation_numbers_at();
    const std::byte* group_sums = tile.a + activation_groups_at(tile.k);
    for (int32_t i = 0; i < tile.k; i += kGroupInputs, a += 2 * kGroupInputs, w += group_bytes(kForm), group_sums += sizeof(int32_t)) {
      IntVec products[kRows][kPanels];
      each<kRows>([&](auto r) SLACKWATER_LAMBDA {
        each<kPanels>([&](auto p) SLACKWATER_LAMBDA { products[r][p] = IntVec{}; });
      });
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        const std::byte* at = w + static_cast<size_t>(p) * tile.panel_bytes;
        for (size_t line = 0; line < group_bytes(kForm); line += 64) fetch(at + line + tile.ahead[p]);
      });
#pragma GCC unroll 1
      for (int quad = 0; quad < 4; ++quad) {
        const std::byte* lines = w + quad * (group_numbers(kForm) / 4);
        each<4>([&](auto line) SLACKWATER_LAMBDA {
          each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
            const __m512i numbers = read_words<kForm>(lines + static_cast<size_t>(p) * tile.panel_bytes, line);
            each<kRows>([&](auto r) SLACKWATER_LAMBDA { products[r][p] = add_word_products(products[r][p], numbers, broadcast(a + quad * 16 + line * 4 + static_cast<size_t>(r) * tile.a_stride)); });
          });
        });
      }
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        const std::byte* steps = w + static_cast<size_t>(p) * tile.panel_bytes + group_numbers(kForm);
        if constexpr (kIsFours) {
          const __m512i d = read_steps(steps), m = read_steps(steps + 32);
          each<kRows>([&](auto r) SLACKWATER_LAMBDA {
            const IntVec sum = reinterpret_cast<IntVec>(broadcast(group_sums + static_cast<size_t>(r) * tile.a_stride));
            whole[r][p] = add(whole[r][p], add(times(products[r][p], d), times(sum, m)));
          });
        } else {
          const Vec d = load_halves(reinterpret_cast<const uint16_t*>(steps)), m = load_halves(reinterpret_cast<const uint16_t*>(steps + 32));
          each<kRows>([&](auto r) SLACKWATER_LAMBDA {
            const IntVec sum = reinterpret_cast<IntVec>(broadcast(group_sums + static_cast<size_t>(r) * tile.a_stride));
            sums[r][p] = fmadd(m, to_vec(sum), fmadd(d, to_vec(products[r][p]), sums[r][p]));
          });
        }
      });
    }
    each<kRows>([&](auto r) SLACKWATER_LAMBDA {
      const ActivationHead head = read_head(tile.a + static_cast<size_t>(r) * tile.a_stride);
      each<kPanels>([&](auto p) SLACKWATER_LAMBDA {
        if constexpr (kIsFours) put_outputs(tile, r, panel + p, finish_words(whole[r][p], head, _mm512_loadu_ps(first + static_cast<size_t>(p) * tile.panel_bytes)));
        else put_outputs(tile, r, panel + p, sums[r][p] * splat(head.scale));
      });
    });
  }
};

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
