#pragma once

#include <cstddef>
#include <cstdint>

#include "../../lib/half.h"
#include "../../lib/status.h"

namespace slackwater {

/// Tokens of a KV block, as the engine's kBlockTokens.
constexpr int32_t kKvBlockTokens = 64;

/// Where one layer's K and V lie in the arena. Layout 1: within a block and layer, K is [kv_heads][64][head_dim]
/// and V, behind it, [kv_heads][head_dim][64]. `T` is half, binary16 (cpu),
/// or float (reference). Binary16 and not bf16 for the reason given in gemm.h: a bf16 KV alone costs the real model
/// relL2 7e-3, binary16 1e-3. Keys and values beyond ±65504 are clipped to it.
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
///
/// Batch-invariant: blocks are taken in order from position 0, with the softmax kept online (Milakov and Gimelshein,
/// 2018); what a row gets depends on its position and the KV before it, not on the other rows.
template <class T>
struct Attention {
  float* out;             // row r at out + r * out_stride: [heads, head_dim]; must not overlap q
  int32_t out_stride;     // ≥ heads * head_dim
  const float* q;         // row r at q + r * q_stride: [heads, head_dim]
  int32_t q_stride;       // ≥ heads * head_dim
  KvLayer<T> layer;       // read only
  const int32_t* blocks;  // of the sequence, by position / 64
  int32_t start;          // position of row 0, ≥ 0
  int32_t rows;           // ≥ 0
  int32_t heads;          // a multiple of layer.kv_heads
  int32_t kv_head_begin;
  int32_t kv_head_end;
  float scale;            // > 0, 1 / sqrt(head_dim) for most models
  int32_t window;         // ≥ 0
  std::byte* scratch;     // [attention_scratch_bytes(head_dim)], 64-byte aligned; null for the reference
};
using AttentionArgs = Attention<half>;
using AttentionRefArgs = Attention<float>;

/// Rows (tokens times heads of a group) that the cpu version works on at once.
constexpr int32_t kAttentionRows = 96;
size_t attention_scratch_bytes(int32_t head_dim);

/// kOk when the arguments keep to the comments above; the cpu version also needs head_dim to be a multiple of 32
/// and at most 96 heads in a group.
template <class T>
Status check_attention(const Attention<T>& args);

/// The definitions: two passes over the keys, sums in double. The cpu versions are reached through `CpuOps`.
Status kv_write_ref(const KvWriteRefArgs& args);
Status attention_ref(const AttentionRefArgs& args);

}  // namespace slackwater
