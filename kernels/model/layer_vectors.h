#pragma once

#include "tensor_reader.h"

namespace slackwater {

/// What of a layer is not a matrix. Empty where the architecture has none.
struct LayerVectors {
  Buffer<float> attention_norm, post_attention_norm, ffn_norm, post_ffn_norm;  // [hidden]
  Buffer<float> q_norm, k_norm;                                                // [head_dim]
  Buffer<float> qkv_bias;                                                      // [(heads + 2 kv_heads) * head_dim]
};

/// Asks `reader` for them; faults stay there.
LayerVectors read_layer_vectors(TensorReader& reader, const Architecture& architecture, int32_t layer);

/// The angles of one kind of layer: [context_length, rope_pairs, 2], as fill_rope_table. The tensor rope_freqs.weight, where a model has it,
/// gives the factors of the first kind, for which the metadata may then give none. Empty on a fault.
std::vector<Buffer<float>> read_rope_tables(TensorReader& reader, const Architecture& architecture, Error& error);

}  // namespace slackwater
