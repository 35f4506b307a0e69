#include "../../lib/vec.h"
#include "attention.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// Tokens whose keys are transposed together; blocks hold a whole number of them.
constexpr int32_t kRun = 16;

#if defined(SLACKWATER_ISA_avx512)

// Lane numbers for __builtin_shuffle(a, b, ...): 0 to 15 are a's, 16 to 31 are b's. (The intrinsics of GCC 12 warn of
// an uninitialised operand of their own.)
constexpr IntVec kLowWords = {0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29};
constexpr IntVec kHighWords = {2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31};
constexpr IntVec kLowPairs = {0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29};
constexpr IntVec kHighPairs = {2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31};
constexpr IntVec kEvenQuads = {0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27};
constexpr IntVec kOddQuads = {4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31};

/// 16 dimensions of 16 tokens, `stride` apart, to [16][64]: pairs of tokens, then quadruples within 128 bits, then the
/// 128-bit quads.
void write_run(const float* from, size_t stride, half* to) {
  Vec r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = load(from + i * stride);
  for (int i = 0; i < 16; i += 2) {
    t[i] = __builtin_shuffle(r[i], r[i + 1], kLowWords);
    t[i + 1] = __builtin_shuffle(r[i], r[i + 1], kHighWords);
  }
  for (int i = 0; i < 16; i += 4) {  // r[i + j], quad q: dimension 4 q + j of tokens i to i + 3
    r[i] = __builtin_shuffle(t[i], t[i + 2], kLowPairs);
    r[i + 1] = __builtin_shuffle(t[i], t[i + 2], kHighPairs);
    r[i + 2] = __builtin_shuffle(t[i + 1], t[i + 3], kLowPairs);
    r[i + 3] = __builtin_shuffle(t[i + 1], t[i + 3], kHighPairs);
  }
  for (int j = 0; j < 4; ++j) {  // even: quads 0 and 2 of the first and of the last eight tokens
    const Vec first_even = __builtin_shuffle(r[j], r[4 + j], kEvenQuads), first_odd = __builtin_shuffle(r[j], r[4 + j], kOddQuads);
    const Vec last_even = __builtin_shuffle(r[8 + j], r[12 + j], kEvenQuads), last_odd = __builtin_shuffle(r[8 + j], r[12 + j], kOddQuads);
    store_halves(to + j * kKvBlockTokens, __builtin_shuffle(first_even, last_even, kEvenQuads));
    store_halves(to + (4 + j) * kKvBlockTokens, __builtin_shuffle(first_odd, last_odd, kEvenQuads));
    store_halves(to + (8 + j) * kKvBlockTokens, __builtin_shuffle(first_even, last_even, kOddQuads));
    store_halves(to + (12 + j) * kKvBlockTokens, __builtin_shuffle(first_odd, last_odd, kOddQuads));
  }
}
constexpr bool kHasRuns = true;

#else

void write_run(const float*, size_t, half*) {}
constexpr bool kHasRuns = false;

#endif

/// One token's keys of a head, 64 apart.
void write_keys(const float* from, int32_t head_dim, half* to) {
  half rounded[kLanes];
  for (int32_t d = 0; d < head_dim; d += kLanes) {
    store_halves(rounded, load(from + d));
    for (int32_t i = 0; i < kLanes; ++i) to[static_cast<size_t>(d + i) * kKvBlockTokens] = rounded[i];
  }
}

/// NaN becomes 0, see KvWrite.
void write_values(const float* from, int32_t head_dim, half* to) {
  for (int32_t d = 0; d < head_dim; d += kLanes) {
    const Vec value = load(from + d);
    store_halves(to + d, value == value ? value : Vec{});
  }
}

}  // namespace

Status kv_write_cpu(const KvWriteArgs& args) {
  const int32_t head_dim = args.layer.head_dim;
  if (head_dim % kHeadDimStep != 0) return Status::kUnsupported;
  const auto stride = static_cast<size_t>(args.stride);
  for (int32_t row = 0; row < args.rows;) {
    const int32_t block = args.blocks[(args.start + row) / kKvBlockTokens], slot = (args.start + row) % kKvBlockTokens;
    const int32_t rows = kHasRuns && slot % kRun == 0 && args.rows - row >= kRun ? kRun : 1;
    for (int32_t head = 0; head < args.layer.kv_heads; ++head) {
      const size_t from = static_cast<size_t>(row) * stride + static_cast<size_t>(head) * head_dim;
      half* keys = args.layer.keys(block, head) + slot;
      half* values = args.layer.values(block, head) + static_cast<size_t>(slot) * head_dim;
      if (rows == 1) {
        write_keys(args.keys + from, head_dim, keys);
      } else {
        for (int32_t d = 0; d < head_dim; d += 16) write_run(args.keys + from + d, stride, keys + static_cast<size_t>(d) * kKvBlockTokens);
      }
      for (int32_t r = 0; r < rows; ++r) write_values(args.values + from + static_cast<size_t>(r) * stride, head_dim, values + static_cast<size_t>(r) * head_dim);
    }
    row += rows;
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
