#include "layer_vectors.h"

#include <algorithm>

namespace slackwater {
namespace {

Buffer<float> read_bias(TensorReader& reader, const Architecture& architecture, const std::string& prefix) {
  const ModelShape& shape = architecture.shape;
  Buffer<float> out(static_cast<size_t>(architecture.qkv_size()));
  float* to = out.data();
  for (const char* part : {"attn_q", "attn_k", "attn_v"}) {
    const int32_t heads = part[5] == 'q' ? shape.heads : shape.kv_heads;
    const Buffer<float> bias = reader.read(prefix + part + ".bias", heads * shape.head_dim, 1);
    to = std::copy_n(bias.data(), bias.size(), to);
  }
  return out;
}

/// Of rope_freqs.weight; empty where the model has none. The configuration's own factors have the same range (check_architecture).
Buffer<float> read_rope_factors(TensorReader& reader, const Architecture& architecture, Error& error) {
  constexpr const char* kName = "rope_freqs.weight";
  if (error || !reader.has(kName)) return {};
  if (const std::vector<float>& given = architecture.ropes[0].factors; !given.empty()) {
    error.set(kModelUnsupported, std::string("RoPE scaling by ") + std::to_string(given[0]) + " together with the factors of '" + kName + "'; one of them is known, not both");
    return {};
  }
  Buffer<float> factors = reader.read(kName, architecture.rope_pairs, 1);
  for (size_t i = 0; i < factors.size() && !error; ++i) {
    const float factor = factors.data()[i];
    if (factor > 0 && factor < 1e6f) continue;
    error.set(kModelInvalid, std::string("tensor '") + kName + "' holds " + std::to_string(factor) + " at value " + std::to_string(i) + " of " + std::to_string(factors.size()) + "; a factor is above 0 and below 1000000");
  }
  return factors;
}

}  // namespace

LayerVectors read_layer_vectors(TensorReader& reader, const Architecture& architecture, int32_t layer) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const int32_t hidden = architecture.shape.hidden, head_dim = architecture.shape.head_dim;
  LayerVectors out;
  out.attention_norm = reader.read_norm(prefix + "attn_norm.weight", hidden);
  out.ffn_norm = reader.read_norm(prefix + "ffn_norm.weight", hidden);
  if (architecture.has_post_norms) {
    out.post_attention_norm = reader.read_norm(prefix + "post_attention_norm.weight", hidden);
    out.post_ffn_norm = reader.read_norm(prefix + "post_ffw_norm.weight", hidden);
  }
  if (architecture.has_head_norms) {
    out.q_norm = reader.read_norm(prefix + "attn_q_norm.weight", head_dim);
    out.k_norm = reader.read_norm(prefix + "attn_k_norm.weight", head_dim);
  }
  if (architecture.has_qkv_bias) out.qkv_bias = read_bias(reader, architecture, prefix);
  return out;
}

std::vector<Buffer<float>> read_rope_tables(TensorReader& reader, const Architecture& architecture, Error& error) {
  const Buffer<float> factors = read_rope_factors(reader, architecture, error);
  std::vector<Buffer<float>> tables;
  if (error) return tables;
  const int32_t rows = architecture.shape.context_length, pairs = architecture.rope_pairs;
  for (const RopeFacts& rope : architecture.ropes) {
    const bool is_given = !rope.factors.empty();
    tables.emplace_back(static_cast<size_t>(rows) * pairs * 2);
    fill_rope_table(tables.back().data(), rows, pairs, rope.base, is_given ? rope.factors.data() : tables.size() == 1 ? factors.data() : nullptr);
  }
  return tables;
}

}  // namespace slackwater
