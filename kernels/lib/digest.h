#pragma once

#include <cstddef>
#include <cstdint>

namespace slackwater {

class ThreadPool;

/// 128 bits of content.
struct Digest {
  uint64_t low = 0, high = 0;
  bool operator==(const Digest&) const = default;
};

/// Of bytes that a machine may have damaged, at the speed of memory: 64-bit sums of products with fixed keys over 1 KiB (the NH of
/// UMAC, Black et al., CRYPTO 1999), chained. Two contents that differ by accident have the same digest with a chance of about 2^-64.
/// No defence against somebody who looks for such: the keys are in the source.
Digest digest_of(const void* data, size_t bytes);

/// The same quality, not the same number: of 1 MiB pieces on all threads, and then of their digests.
constexpr size_t kDigestPiece = size_t{1} << 20;
Digest digest_of(ThreadPool& pool, const void* data, size_t bytes);
/// Its last step, for who takes the pieces' digests as they come: [pieces] of `bytes` together.
Digest digest_of_pieces(const Digest* pieces, size_t bytes);
constexpr size_t digest_pieces(size_t bytes) { return (bytes + kDigestPiece - 1) / kDigestPiece; }

}  // namespace slackwater
