#pragma once

#include "../../lib/status.h"

namespace slackwater {

/// What some models do to q, k and v between their matrices and the rotation, in place, row by row of `qkv`:
///   q, k, v <- q, k, v + bias;   each head h of q and k <- h / sqrt(mean(h^2) + eps) * q_norm (k_norm)
/// (qwen2 has the biases; qwen3 and gemma3 the norms: Henry et al., Query-Key Normalization for Transformers, 2020).
struct HeadsArgs {
  float* qkv;           // [rows, (heads + 2 * kv_heads) * head_dim]: the heads of q, of k, of v
  const float* bias;    // [(heads + 2 * kv_heads) * head_dim] or null
  const float* q_norm;  // [head_dim], or both null
  const float* k_norm;
  int32_t rows;      // ≥ 0
  int32_t heads;     // > 0
  int32_t kv_heads;  // > 0
  int32_t head_dim;  // > 0
  float eps;         // ≥ 0
};

/// kOk when the arguments keep to the comments above.
Status check_heads(const HeadsArgs& args);

/// The definition, with the sums in double. The cpu version is reached through `CpuOps`.
Status heads_ref(const HeadsArgs& args);

}  // namespace slackwater
