#pragma once

// For tests only: the tile instructions in plain code, written from their definitions in Intel's manual (volume 2, LDTILECFG,
// TILELOADD, TILESTORED, TILEZERO, TDPB[SU][SU]D). What the processor would refuse ends the test.

#include <cstring>
#include <initializer_list>

#include "../../lib/check.h"
#include "tile_ops.h"

namespace slackwater {

class EmulatedTiles {
 public:
  void configure(const TileConfig& config) {
    CHECK(config.palette == 1 && config.start_row == 0, "palette %d, start row %d", config.palette, config.start_row);
    for (const uint8_t byte : config.reserved) CHECK(byte == 0, "a reserved byte is %d", byte);
    for (int i = 0; i < 16; ++i) {
      const int rows = config.rows[i], bytes = config.row_bytes[i];
      CHECK(rows <= (i < kTiles ? kRows : 0) && bytes <= (i < kTiles ? kRowBytes : 0) && (rows == 0) == (bytes == 0), "tile %d: %d rows of %d bytes", i, rows, bytes);
    }
    config_ = config;
    std::memset(bytes_, 0, sizeof bytes_);
    is_configured_ = true;
  }
  void release() {
    std::memset(bytes_, 0, sizeof bytes_);
    is_configured_ = false;
  }
  bool is_configured() const { return is_configured_; }

  template <int kTile>
  void zero() { zero(kTile); }
  template <int kTile>
  void load(const void* at, size_t stride) { load(kTile, at, stride); }
  template <int kTile>
  void store(void* at, size_t stride) { store(kTile, at, stride); }
  template <int kSum, int kA, int kB, bool kIsSignedA, bool kIsSignedB>
  void multiply() { multiply(kSum, kA, kB, kIsSignedA, kIsSignedB); }

  void zero(int tile) {
    check(tile);
    std::memset(bytes_[tile], 0, sizeof bytes_[tile]);
  }
  /// Rows and bytes beyond the configured ones become zero.
  void load(int tile, const void* at, size_t stride) {
    zero(tile);
    for (int r = 0; r < config_.rows[tile]; ++r) std::memcpy(bytes_[tile][r], static_cast<const uint8_t*>(at) + static_cast<size_t>(r) * stride, config_.row_bytes[tile]);
  }
  void store(int tile, void* at, size_t stride) const {
    check(tile);
    for (int r = 0; r < config_.rows[tile]; ++r) std::memcpy(static_cast<uint8_t*>(at) + static_cast<size_t>(r) * stride, bytes_[tile][r], config_.row_bytes[tile]);
  }
  void multiply(int sum, int a, int b, bool is_signed_a, bool is_signed_b) {
    for (const int tile : {sum, a, b}) check(tile);
    CHECK(sum != a && sum != b && a != b, "tiles %d %d %d are not three", sum, a, b);
    const int rows = config_.rows[sum], columns = config_.row_bytes[sum] / 4, lines = config_.row_bytes[a] / 4;
    CHECK(config_.rows[a] == rows && config_.row_bytes[b] == config_.row_bytes[sum] && config_.rows[b] == lines && columns * 4 == config_.row_bytes[sum] && lines * 4 == config_.row_bytes[a],
          "%d rows of %d bytes by %d rows of %d bytes into %d of %d", config_.rows[a], config_.row_bytes[a], config_.rows[b], config_.row_bytes[b], rows, config_.row_bytes[sum]);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        uint32_t total;  // Wraps, as the processor's does.
        std::memcpy(&total, bytes_[sum][r] + 4 * c, 4);
        for (int line = 0; line < lines; ++line) {
          for (int i = 0; i < 4; ++i) total += static_cast<uint32_t>(number(bytes_[a][r][4 * line + i], is_signed_a) * number(bytes_[b][line][4 * c + i], is_signed_b));
        }
        std::memcpy(bytes_[sum][r] + 4 * c, &total, 4);
      }
    }
  }

 private:
  static constexpr int kTiles = 8, kRows = 16, kRowBytes = 64;
  static int number(uint8_t byte, bool is_signed) { return is_signed ? static_cast<int8_t>(byte) : byte; }
  void check(int tile) const { CHECK(is_configured_ && tile >= 0 && tile < kTiles && config_.rows[tile] > 0, "tile %d is used and not configured", tile); }

  TileConfig config_;
  uint8_t bytes_[kTiles][kRows][kRowBytes] = {};
  bool is_configured_ = false;
};

}  // namespace slackwater
