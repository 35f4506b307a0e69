#include "attention.h"
#include "word_pairs.h"

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

/// 16 pairs of dimensions of 16 tokens, `stride` numbers apart, to [16][64] pairs: pairs of tokens, then quadruples within
/// 128 bits, then the 128-bit quads.
void write_run(const int16_t* from, size_t stride, int16_t* to) {
  IntVec r[16], t[16];
  for (int i = 0; i < 16; ++i) __builtin_memcpy(&r[i], from + i * stride, sizeof r[i]);
  const auto put = [&](int pair, IntVec tokens) { __builtin_memcpy(to + pair * 2 * kKvBlockTokens, &tokens, sizeof tokens); };
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
    const IntVec first_even = __builtin_shuffle(r[j], r[4 + j], kEvenQuads), first_odd = __builtin_shuffle(r[j], r[4 + j], kOddQuads);
    const IntVec last_even = __builtin_shuffle(r[8 + j], r[12 + j], kEvenQuads), last_odd = __builtin_shuffle(r[8 + j], r[12 + j], kOddQuads);
    put(j, __builtin_shuffle(first_even, last_even, kEvenQuads));
    put(4 + j, __builtin_shuffle(first_odd, last_odd, kEvenQuads));
    put(8 + j, __builtin_shuffle(first_even, last_even, kOddQuads));
    put(12 + j, __builtin_shuffle(first_odd, last_odd, kOddQuads));
  }
}
constexpr bool kHasRuns = true;

#else

void write_run(const int16_t*, size_t, int16_t*) {}
constexpr bool kHasRuns = false;

#endif

/// The pairs of one token, 64 apart.
void write_keys(const int16_t* numbers, int32_t head_dim, int16_t* to) {
  for (int32_t d = 0; d < head_dim; d += 2) __builtin_memcpy(to + static_cast<size_t>(d) * kKvBlockTokens, numbers + d, 2 * sizeof(int16_t));
}

/// NaN becomes 0, see KvWrite; values beyond ±1e30 are clipped.
Vec usable(Vec value) {
  value = value > splat(1e30f) ? splat(1e30f) : value < splat(-1e30f) ? splat(-1e30f) : value;
  return value == value ? value : Vec{};
}

/// One token's values of a head, every second number at `to`; answers their scale.
float write_values(const float* from, int32_t head_dim, int16_t* to) {
  RowSize size;
  for (int32_t d = 0; d < head_dim; d += kLanes) size.see(d, usable(load(from + d)));
  const float largest = size.largest();
  const RowScale scale = largest < 1e-30f ? RowScale{0, 0} : RowScale{largest / 32512, 32512 / largest};
  for (int32_t d = 0; d < head_dim; d += kLanes) {
    const IntVec numbers = round_to(usable(load(from + d)), scale.inverse);
#if defined(SLACKWATER_ISA_avx512)
    // Only its own halves: the token beside it may be written meanwhile, by another thread.
    _mm512_mask_storeu_epi16(to + 2 * d, 0x55555555, reinterpret_cast<__m512i>(numbers));
#else
    for (int i = 0; i < kLanes; ++i) to[2 * (d + i)] = static_cast<int16_t>(numbers[i]);
#endif
  }
  return scale.scale;
}

}  // namespace

Status kv_write_cpu(const KvWriteArgs& args) {
  const int32_t head_dim = args.layer.head_dim;
  if (head_dim % kHeadDimStep != 0 || head_dim > kHeadDimMax) return Status::kUnsupported;
  const auto stride = static_cast<size_t>(args.stride);
  int16_t numbers[kRun * kHeadDimMax];
  for (int32_t row = 0; row < args.rows;) {
    const int32_t block = args.blocks[(args.start + row) / kKvBlockTokens], slot = (args.start + row) % kKvBlockTokens;
    const int32_t rows = kHasRuns && slot % kRun == 0 && args.rows - row >= kRun ? kRun : 1;
    for (int32_t head = 0; head < args.layer.kv_heads; ++head) {
      const size_t from = static_cast<size_t>(row) * stride + static_cast<size_t>(head) * head_dim;
      int16_t* keys = args.layer.keys(block, head) + 2 * slot;
      for (int32_t r = 0; r < rows; ++r) {
        const int32_t at = slot + r;
        const size_t token = from + static_cast<size_t>(r) * stride;
        args.layer.key_scales(block, head)[at] = round_head(args.keys + token, head_dim, kWeightNorm, numbers + r * head_dim);
        args.layer.value_scales(block, head)[at] = write_values(args.values + token, head_dim, args.layer.values(block, head) + static_cast<size_t>(at / 2) * 2 * head_dim + at % 2);
      }
      if (rows == 1) {
        write_keys(numbers, head_dim, keys);
      } else {
        for (int32_t d = 0; d < head_dim; d += 32) write_run(numbers + d, static_cast<size_t>(head_dim), keys + static_cast<size_t>(d) * kKvBlockTokens);
      }
    }
    row += rows;
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
