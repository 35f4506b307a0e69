#pragma once

// How the whole-number sums of kWords and kBytes become outputs: one place for the 512-bit and the tile kernels, so that
// their bits cannot part; and how all of them read what stands beside the whole numbers. gemm_packed_ref says the same for one output.

#include "../../lib/vec.h"
#include "gemm.h"

#define SLACKWATER_INLINE inline __attribute__((always_inline))

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

SLACKWATER_INLINE float read_float(const std::byte* at) {
  float value;
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}

/// `row` of the activations.
SLACKWATER_INLINE ActivationHead read_head(const std::byte* row) {
  ActivationHead head;
  __builtin_memcpy(&head, row, sizeof head);
  return head;
}

SLACKWATER_INLINE Vec to_vec(IntVec v) { return __builtin_convertvector(v, Vec); }

/// `sum` of products with the weights' bytes, which are 128 too large; `scale` of the outputs.
SLACKWATER_INLINE Vec finish_bytes(IntVec sum, const ActivationHead& head, Vec scale) { return to_vec(sum - head.sum_hi * 128) * scale * splat(head.scale); }

/// `high` hi hi, `cross` hi lo + lo hi, `low` lo lo. A product by 256 is exact: fused or not, the bits are these.
SLACKWATER_INLINE Vec finish_words(IntVec high, IntVec cross, IntVec low, const ActivationHead& head, Vec scale) {
  const Vec whole = to_vec(high - head.sum_hi * 128), middle = to_vec(cross - (head.sum_hi + head.sum_lo) * 128), rest = to_vec(low - head.sum_lo * 128);
  return fmadd(fmadd(whole, splat(256.0f), middle), splat(256.0f), rest) * scale * splat(head.scale);
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
