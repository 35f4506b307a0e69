#pragma once

#include <cstddef>
#include <cstdint>

namespace slackwater {

/// What says how large each tile is: rows, and bytes of a row. As ldtilecfg reads it.
struct alignas(64) TileConfig {
  uint8_t palette = 1;  // eight tiles of at most 16 rows of 64 bytes
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};  // of tile 0 .. 7; the rest stay zero
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

#if defined(__x86_64__)

/// The tile instructions of this thread. In plain assembler, since GCC 12's intrinsics do not say what they do to memory:
/// of the configuration only 8 bytes count as read, and a load may be moved before the store that it is to see. All are
/// volatile, so they keep their order; no compiler uses tiles by itself, so none is named as changed.
struct RealTiles {
  /// All tiles are zero afterwards.
  void configure(const TileConfig& config) const { __asm__ volatile("ldtilecfg %0" : : "m"(config)); }
  /// Tiles as a new thread has them: from here on a change of threads need not save them.
  void release() const { __asm__ volatile("tilerelease"); }
  template <int kTile>
  void zero() const {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  /// Row r of the tile from at + r * stride bytes.
  template <int kTile>
  void load(const void* at, size_t stride) const {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(at), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  void store(void* at, size_t stride) const {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(at), "r"(stride), "i"(kTile) : "memory");
  }
  /// kSum[r][c] += sum over i < 4 and lines l of kA[r][4 l + i] * kB[l][4 c + i], 32-bit sums that wrap.
  template <int kSum, int kA, int kB, bool kIsSignedA, bool kIsSignedB>
  void multiply() const {
    if constexpr (kIsSignedA && kIsSignedB) __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
    else if constexpr (kIsSignedA) __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
    else if constexpr (kIsSignedB) __asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
    else __asm__ volatile("tdpbuud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
  }
};

#endif

}  // namespace slackwater
