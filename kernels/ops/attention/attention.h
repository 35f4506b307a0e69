#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/status.h"

namespace slackwater {

/// Tokens of a KV block, as the engine's kBlockTokens.
constexpr int32_t kKvBlockTokens = 64;
/// A head has a multiple of the first and at most the second.
constexpr int32_t kHeadDimStep = 32, kHeadDimMax = 1024;

/// Where one layer's K and V lie in the arena of the cpu backend. Layout 4: a token's key of a head is whole numbers of 16 bits
/// times a scale, and so is its value, see docs/decisions/017. Per block, layer and head:
///   keys    i16 [head_dim / 2][64 tokens][2]    the norm of a token's numbers is at most kWeightNorm
///   values  i16 [32 pairs of tokens][head_dim][2]   each at most 32512
///   scales  fp32 [64] of the keys, [64] of the values
struct KvLayer {
  std::byte* base;      // first byte of this layer in block 0, 64-byte aligned
  size_t block_stride;  // bytes from block to block
  int32_t kv_heads;
  int32_t head_dim;     // a multiple of kHeadDimStep

  std::byte* at(int32_t block, int32_t head) const;
  int16_t* keys(int32_t block, int32_t head) const { return reinterpret_cast<int16_t*>(at(block, head)); }
  int16_t* values(int32_t block, int32_t head) const { return keys(block, head) + kKvBlockTokens * head_dim; }
  float* key_scales(int32_t block, int32_t head) const { return reinterpret_cast<float*>(values(block, head) + kKvBlockTokens * head_dim); }
  float* value_scales(int32_t block, int32_t head) const { return key_scales(block, head) + kKvBlockTokens; }
};
constexpr size_t kv_head_bytes(int32_t head_dim) { return kKvBlockTokens * (2 * static_cast<size_t>(head_dim) * sizeof(int16_t) + 2 * sizeof(float)); }
/// Bytes of a layer in a block.
constexpr size_t kv_layer_bytes(int32_t kv_heads, int32_t head_dim) { return static_cast<size_t>(kv_heads) * kv_head_bytes(head_dim); }
inline std::byte* KvLayer::at(int32_t block, int32_t head) const {
  return base + static_cast<size_t>(block) * block_stride + static_cast<size_t>(head) * kv_head_bytes(head_dim);
}

/// The same for the reference: fp32, K [kv_heads][head_dim][64] and behind it V [kv_heads][64][head_dim].
struct KvRefLayer {
  float* base;
  size_t block_stride;  // values from block to block
  int32_t kv_heads;
  int32_t head_dim;

  float* keys(int32_t block, int32_t head) const {
    return base + static_cast<size_t>(block) * block_stride + static_cast<size_t>(head) * kKvBlockTokens * head_dim;
  }
  float* values(int32_t block, int32_t head) const { return keys(block, kv_heads + head); }
};

/// Writes the keys and values of new tokens into their blocks.
///
/// A NaN among the values is written as 0. Rows of one band that do not see a token weigh it 0, and 0 * NaN would be NaN:
/// an earlier row would then depend on who is with it. A key with NaN or infinity becomes NaN as a whole: a score that is
/// masked is not computed with, and rows that do see the token become NaN by it, as they would have by its values (both come
/// from the same activations; its own row keeps its NaN in those anyway). So nothing broken looks whole. The cpu version clips
/// values at ±1e30.
template <class Layer>
struct KvWrite {
  Layer layer;
  const float* keys;      // row r at keys + r * stride: [kv_heads, head_dim]
  const float* values;    // the same
  int32_t stride;
  const int32_t* blocks;  // of the sequence, by position / 64
  int32_t start;          // position of row 0
  int32_t rows;
};
using KvWriteArgs = KvWrite<KvLayer>;
using KvWriteRefArgs = KvWrite<KvRefLayer>;

/// Causal attention of new tokens over the paged KV of their sequence, grouped heads:
///   out[r, h] = sum_t softmax_t(scale * q[r, h] · K[t, g]) * V[t, g],   g = h / (heads / kv_heads)
/// over the t that row r sees, start + r - window < t ≤ start + r (window 0: all t ≤ start + r), for the heads of
/// kv heads [kv_head_begin, kv_head_end). Keys and values of the new tokens are in their blocks already.
/// The definition: two passes over the keys, sums in double.
struct AttentionRefArgs {
  float* out;             // row r at out + r * out_stride: [heads, head_dim]; must not overlap q
  int32_t out_stride;     // ≥ heads * head_dim
  const float* q;         // row r at q + r * q_stride: [heads, head_dim]
  int32_t q_stride;       // ≥ heads * head_dim
  KvRefLayer layer;       // read only
  const int32_t* blocks;  // of the sequence, by position / 64
  int32_t start;          // position of row 0, ≥ 0
  int32_t rows;           // ≥ 0
  int32_t heads;          // a multiple of layer.kv_heads
  int32_t kv_head_begin;
  int32_t kv_head_end;
  float scale;            // > 0, 1 / sqrt(head_dim) for most models
  int32_t window;         // ≥ 0
};

/// Neighbouring rows of one sequence in a work item of attention.
struct AttentionRows {
  const int32_t* blocks;  // of the sequence, by position / 64
  int32_t start;          // position of the first row, ≥ 0
  int32_t rows;           // > 0
  int32_t first;          // which row of q and out the first is
  /// Null: the item covers every segment that these rows see, and `out` is written. Else [rows, heads, segments,
  /// partial_size(head_dim)], where each segment's result is kept for attention_merge.
  float* partials;
  int32_t segment;        // the segment that partials begin with
  int32_t segments;
};

/// A work item: what AttentionRefArgs says, for the rows of one or more sequences, one kv head, and a range of segments.
/// A segment is kSegmentTokens positions, counted from 0. Where neighbours in `parts` have the same block at the same
/// index, it is read once for all their rows.
///
/// Batch-invariant: within a segment, blocks are taken in ascending order, with the softmax kept online (Milakov and
/// Gimelshein, 2018); segments are merged in ascending order. What a row gets depends on its position and the KV
/// before it, not on the other rows, the range, or on who shares its blocks.
///
/// Scores and weighted sums are sums of products of 16-bit numbers: a row's q is rounded with norm ≤ kActivationNorm, the
/// weights of a block such that they add up to at most 32767 (times values of at most 32512: both sums fit 32 bits).
struct AttentionArgs {
  float* out;                  // as in AttentionRefArgs
  int32_t out_stride;
  const float* q;
  int32_t q_stride;
  KvLayer layer;
  const AttentionRows* parts;  // their rows together at most attention_tokens(heads / kv_heads)
  int32_t count;
  int32_t heads;
  int32_t kv_head;
  int32_t segment_begin;
  int32_t segment_end;
  float scale;
  int32_t window;
  std::byte* scratch;          // [attention_scratch_bytes(head_dim)], 64-byte aligned
};

/// Writes `out` from the partials of `count` parts, for all heads.
struct AttentionMergeArgs {
  float* out;
  int32_t out_stride;
  int32_t heads;
  int32_t head_dim;
  const AttentionRows* parts;  // with partials, which are overwritten
  int32_t count;
};

constexpr int32_t kSegmentTokens = 512;
/// Floats of one head's result in one segment: the weighted sum [head_dim], the sum of weights, their base.
constexpr size_t partial_size(int32_t head_dim) { return static_cast<size_t>(head_dim) + 16; }

/// Rows of work (tokens times heads of a group) that an item may have: a block stays in the nearest cache for all of them.
constexpr int32_t kAttentionRows = 192;
constexpr int32_t attention_tokens(int32_t group) { return kAttentionRows / group; }
size_t attention_scratch_bytes(int32_t head_dim);

/// kOk when the arguments keep to the comments above. The cpu version answers kUnsupported when head_dim is not a
/// multiple of kHeadDimStep, or above kHeadDimMax, or a group has more rows than an item.
Status check_attention(const AttentionArgs& args);

/// The definitions. The cpu versions are reached through `CpuOps`.
Status kv_write_ref(const KvWriteRefArgs& args);
Status attention_ref(const AttentionRefArgs& args);

}  // namespace slackwater
