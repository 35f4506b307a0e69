#pragma once

// How whole-number sums become outputs: one place for all kernels, so that their bits cannot part; and how they read what
// stands beside the whole numbers. gemm_packed_ref says the same for one output.

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

SLACKWATER_INLINE Vec finish_words(IntVec sum, const ActivationHead& head, Vec scale) { return to_vec(sum) * scale * splat(head.scale); }

/// `sum` of products with the weights' bytes, which are 128 too large; `scale` of the outputs.
SLACKWATER_INLINE Vec finish_bytes(IntVec sum, const ActivationHead& head, Vec scale) { return to_vec(sum - head.sum_hi * 128) * scale * splat(head.scale); }

/// `high` hi hi, `cross` hi lo + lo hi, `low` lo lo, modulo 2^32 as their sum is.
SLACKWATER_INLINE Vec finish_planes(IntVec high, IntVec cross, IntVec low, const ActivationHead& head, Vec scale) {
  typedef uint32_t Wrapping __attribute__((vector_size(sizeof(IntVec))));
  const auto wrapping = [](IntVec sum, int32_t too_much) { return reinterpret_cast<Wrapping>(sum) - static_cast<uint32_t>(too_much) * 128; };
  const Wrapping whole = wrapping(high, head.sum_hi), middle = wrapping(cross, head.sum_hi + head.sum_lo), rest = wrapping(low, head.sum_lo);
  return finish_words(reinterpret_cast<IntVec>((whole << 16) + (middle << 8) + rest), head, scale);
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
