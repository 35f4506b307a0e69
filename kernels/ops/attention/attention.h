#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/half.h"
#include "../../lib/status.h"

namespace slackwater {

/// Tokens of a KV block, as the engine's kBlockTokens.
constexpr int32_t kKvBlockTokens = 64;

/// Where one layer's K and V lie in the arena. Layout 3: within a block and layer, K is [kv_heads][head_dim][64] and V,
/// behind it, [kv_heads][64][head_dim]: both as the multiplications read them, see docs/decisions/015. `T` is half,
/// binary16 (cpu), or float (reference). Binary16 and not bf16 for the reason given in gemm.h: a bf16 KV alone costs
/// the real model relL2 7e-3, binary16 1e-3. Keys and values beyond ±65504 are clipped to it.
template <class T>
struct KvLayer {
  T* base;              // first value of this layer in block 0
  size_t block_stride;  // values from block to block
  int32_t kv_heads;
  int32_t head_dim;

  T* keys(int32_t block, int32_t head) const {
    return base + static_cast<size_t>(block) * block_stride + static_cast<size_t>(head) * kKvBlockTokens * head_dim;
  }
  T* values(int32_t block, int32_t head) const { return keys(block, kv_heads + head); }
};

/// Writes the keys and values of new tokens into their blocks, rounded to T.
///
/// A NaN among the values is written as 0. Rows of one tile that do not see a token weigh it 0, and 0 * NaN would be NaN:
/// an earlier row would then depend on who is with it. A NaN among the keys stays: a score that is masked is not computed
/// with, and rows that do see the token become NaN by it, as they would have by its values (both come from the same
/// activations; its own row keeps its NaN in those anyway). So nothing broken looks whole.
template <class T>
struct KvWrite {
  KvLayer<T> layer;
  const float* keys;      // row r at keys + r * stride: [kv_heads, head_dim]
  const float* values;    // the same
  int32_t stride;
  const int32_t* blocks;  // of the sequence, by position / 64
  int32_t start;          // position of row 0
  int32_t rows;
};
using KvWriteArgs = KvWrite<half>;
using KvWriteRefArgs = KvWrite<float>;

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
  KvLayer<float> layer;   // read only
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
struct AttentionArgs {
  float* out;                  // as in AttentionRefArgs
  int32_t out_stride;
  const float* q;
  int32_t q_stride;
  KvLayer<half> layer;
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

/// Rows of work (tokens times heads of a group) that an item may have: a block is converted to fp32 once for all of them.
constexpr int32_t kAttentionRows = 192;
constexpr int32_t attention_tokens(int32_t group) { return kAttentionRows / group; }
size_t attention_scratch_bytes(int32_t head_dim);

/// kOk when the arguments keep to the comments above. The cpu version answers kUnsupported when head_dim is not a
/// multiple of kHeadDimStep or a group has more rows than an item.
Status check_attention(const AttentionArgs& args);
constexpr int32_t kHeadDimStep = 32;

/// The definitions. The cpu versions are reached through `CpuOps`.
Status kv_write_ref(const KvWriteRefArgs& args);
Status attention_ref(const AttentionRefArgs& args);

}  // namespace slackwater
