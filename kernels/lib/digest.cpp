#include "digest.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "thread_pool.h"

namespace slackwater {
namespace {

constexpr size_t kBlockWords = 128;

/// splitmix64: fixed, and as good as any other numbers.
constexpr std::array<uint64_t, kBlockWords> make_keys() {
  std::array<uint64_t, kBlockWords> keys{};
  uint64_t state = 0x736c61636b;
  for (uint64_t& key : keys) {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    key = z ^ (z >> 31);
  }
  return keys;
}
constexpr std::array<uint64_t, kBlockWords> kKeys = make_keys();

__extension__ using Wide = unsigned __int128;

uint64_t low_of(Wide value) { return static_cast<uint64_t>(value); }
uint64_t high_of(Wide value) { return static_cast<uint64_t>(value >> 64); }

/// Both halves of a product, so that each bit of either factor reaches all of the result.
uint64_t mix(uint64_t a, uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return low_of(product) ^ high_of(product);
}

Wide sum_block(const unsigned char* data) {
  // Four sums: the multiplications of one would wait for one another.
  Wide sums[4] = {};
  for (size_t i = 0; i < kBlockWords; i += 8) {
    uint64_t words[8];
    std::memcpy(words, data + i * 8, sizeof words);
    for (size_t lane = 0; lane < 4; ++lane) sums[lane] += static_cast<Wide>(words[2 * lane] + kKeys[i + 2 * lane]) * (words[2 * lane + 1] + kKeys[i + 2 * lane + 1]);
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

}  // namespace

Digest digest_of(const void* data, size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  Digest state{mix(bytes ^ kKeys[0], kKeys[1]), mix(bytes ^ kKeys[2], kKeys[3])};
  const auto take = [&](const unsigned char* block) {
    const Wide sum = sum_block(block);
    state = {mix(state.low ^ low_of(sum), kKeys[4] | 1) + state.high, mix(state.high ^ high_of(sum), kKeys[5] | 1) ^ low_of(sum)};
  };
  size_t left = bytes;
  for (; left >= kBlockWords * 8; left -= kBlockWords * 8, at += kBlockWords * 8) take(at);
  if (left > 0) {
    unsigned char block[kBlockWords * 8] = {};
    std::memcpy(block, at, left);
    take(block);
  }
  return {mix(state.low ^ kKeys[6], state.high ^ kKeys[7]), mix(state.high ^ kKeys[8], state.low ^ kKeys[9])};
}

Digest digest_of(ThreadPool& pool, const void* data, size_t bytes) {
  std::vector<Digest> digests(digest_pieces(bytes));
  pool.run(static_cast<int>(digests.size()), [&](int piece, int) {
    const size_t start = static_cast<size_t>(piece) * kDigestPiece;
    digests[static_cast<size_t>(piece)] = digest_of(static_cast<const unsigned char*>(data) + start, std::min(kDigestPiece, bytes - start));
  });
  return digest_of_pieces(digests.data(), bytes);
}

Digest digest_of_pieces(const Digest* pieces, size_t bytes) {
  const Digest all = digest_of(pieces, digest_pieces(bytes) * sizeof(Digest));
  const uint64_t last[3] = {all.low, all.high, bytes};
  return digest_of(last, sizeof last);
}

}  // namespace slackwater
