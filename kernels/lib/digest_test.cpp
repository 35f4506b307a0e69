// A digest notices every bit, every length and every order; on threads it is the same for any number of them.
#include "digest.h"

#include <algorithm>
#include <ctime>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "thread_pool.h"

using namespace slackwater;

namespace {

std::pair<uint64_t, uint64_t> pair_of(const Digest& digest) { return {digest.low, digest.high}; }

void check_differences() {
  TestRandom random(1);
  std::vector<unsigned char> bytes(5000);
  for (auto& byte : bytes) byte = static_cast<unsigned char>(random.next());
  std::set<std::pair<uint64_t, uint64_t>> seen;
  std::set<uint64_t> halves;
  const auto add = [&](const void* data, size_t size) {
    const Digest digest = digest_of(data, size);
    CHECK(seen.insert(pair_of(digest)).second, "a digest twice, at size %zu", size);
    CHECK(halves.insert(digest.low).second && halves.insert(digest.high).second, "half a digest twice, at size %zu", size);
  };
  for (size_t size = 0; size <= bytes.size(); size += size < 1100 ? 1 : 97) add(bytes.data(), size);
  for (size_t bit = 0; bit < bytes.size() * 8; bit += bit < 9000 ? 1 : 13) {
    bytes[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
    add(bytes.data(), 4999);
    bytes[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
  }
  // Zeros, and ones, of many lengths; and two blocks, or two words of one, the other way round.
  const std::vector<unsigned char> zeros(4096, 0), ones(4096, 0xff);
  for (size_t size = 1; size <= 4096; size += 31) add(zeros.data(), size), add(ones.data(), size);
  std::vector<unsigned char> other = bytes;
  std::swap_ranges(other.begin(), other.begin() + 1024, other.begin() + 1024);
  add(other.data(), 4999);
  other = bytes;
  std::swap_ranges(other.begin(), other.begin() + 8, other.begin() + 8);
  add(other.data(), 4999);
}

void check_threads() {
  ThreadPool one(1), three(3);
  std::vector<unsigned char> bytes(3 * kDigestPiece + 12345);
  TestRandom random(2);
  for (auto& byte : bytes) byte = static_cast<unsigned char>(random.next());
  const Digest digest = digest_of(one, bytes.data(), bytes.size());
  CHECK(digest == digest_of(three, bytes.data(), bytes.size()), "one thread and three");
  CHECK(digest_of(one, bytes.data(), 0) == digest_of(three, nullptr, 0), "nothing");
  for (const size_t at : {size_t{0}, kDigestPiece - 1, kDigestPiece, bytes.size() - 1}) {
    bytes[at] ^= 1;
    CHECK(!(digest == digest_of(three, bytes.data(), bytes.size())), "byte %zu", at);
    bytes[at] ^= 1;
  }
  CHECK(!(digest == digest_of(three, bytes.data(), bytes.size() - 1)), "one byte less");
}

double gigabytes_per_s() {
  const std::vector<unsigned char> bytes(size_t{64} << 20, 3);
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    timespec from, to;
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    const Digest digest = digest_of(bytes.data(), bytes.size());
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    CHECK(digest.low != 0, "a digest");
    best = std::max(best, static_cast<double>(bytes.size()) / (static_cast<double>(to.tv_sec - from.tv_sec) * 1e9 + static_cast<double>(to.tv_nsec - from.tv_nsec)));
  }
  return best;
}

}  // namespace

int main() {
  check_differences();
  check_threads();
  std::printf("digest: ok, %.1f GB/s of a thread\n", gigabytes_per_s());
}
