#include "blake2s.h"

#include <bit>
#include <cstring>

namespace slackwater {
namespace {

constexpr size_t kChunk = 64;  // bytes a compression takes

constexpr std::array<uint32_t, 8> kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// Order in which round r reads the message words (RFC 7693, section 2.7).
constexpr uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

using Words = std::array<uint32_t, 16>;

void mix(Words& v, int a, int b, int c, int d, uint32_t x, uint32_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 7);
}

void compress(std::array<uint32_t, 8>& state, const uint8_t* chunk, uint64_t length, bool is_last) {
  Words m, v;
  for (int i = 0; i < 16; ++i) {
    m[i] = static_cast<uint32_t>(chunk[4 * i]) | static_cast<uint32_t>(chunk[4 * i + 1]) << 8 |
           static_cast<uint32_t>(chunk[4 * i + 2]) << 16 | static_cast<uint32_t>(chunk[4 * i + 3]) << 24;
  }
  for (int i = 0; i < 8; ++i) {
    v[i] = state[i];
    v[i + 8] = kInitial[i];
  }
  v[12] ^= static_cast<uint32_t>(length);
  v[13] ^= static_cast<uint32_t>(length >> 32);
  if (is_last) v[14] = ~v[14];
  for (const auto& s : kOrder) {
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (int i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

std::array<uint8_t, 32> blake2s_256(std::span<const uint8_t> data) {
  std::array<uint32_t, 8> state = kInitial;
  state[0] ^= 0x01010000u ^ 32u;  // parameter block: fan-out 1, depth 1, no key, 32 bytes of digest
  size_t done = 0;
  // The last chunk, full or not, is compressed apart with the final flag; an empty message is one chunk of zeros.
  for (; data.size() - done > kChunk; done += kChunk) compress(state, data.data() + done, done + kChunk, false);
  uint8_t last[kChunk] = {};
  if (done < data.size()) std::memcpy(last, data.data() + done, data.size() - done);
  compress(state, last, data.size(), true);

  std::array<uint8_t, 32> digest;
  for (int i = 0; i < 32; ++i) digest[i] = static_cast<uint8_t>(state[i / 4] >> (8 * (i % 4)));
  return digest;
}

}  // namespace slackwater
