#include "architecture.h"

#include <algorithm>
#include <cmath>

namespace slackwater {
namespace {

constexpr int64_t kWeightsMax = int64_t{1} << 42;  // No machine holds them; keeps the bytes of all weights together below 2^63.

constexpr Family kFamilies[] = {
    {.name = "gemma3", .activation = Activation::kGeluTanh, .has_qkv_bias = false, .has_head_norms = true, .has_post_norms = true, .is_embedding_scaled = true,
     .rope_base = 1e6, .local_rope_base = 1e4, .window_pattern = 6},
    {.name = "llama", .activation = Activation::kSilu, .has_qkv_bias = false, .has_head_norms = false, .has_post_norms = false, .is_embedding_scaled = false,
     .rope_base = 1e4, .local_rope_base = 0, .window_pattern = 0},
    {.name = "qwen2", .activation = Activation::kSilu, .has_qkv_bias = true, .has_head_norms = false, .has_post_norms = false, .is_embedding_scaled = false,
     .rope_base = 1e4, .local_rope_base = 0, .window_pattern = 0},
    {.name = "qwen3", .activation = Activation::kSilu, .has_qkv_bias = false, .has_head_norms = true, .has_post_norms = false, .is_embedding_scaled = false,
     .rope_base = 1e4, .local_rope_base = 0, .window_pattern = 0},
};

/// Dimensions are small one by one; what is computed from several of them has to be as well.
bool check_products(const ModelShape& shape, Error& error) {
  const int64_t qkv = (int64_t{shape.heads} + 2 * int64_t{shape.kv_heads}) * shape.head_dim;
  if (qkv > kNumberMax) {
    error.set(kModelInvalid, "(" + std::to_string(shape.heads) + " heads + 2 x " + std::to_string(shape.kv_heads) + " KV heads) x " + std::to_string(shape.head_dim) +
                                 " values are " + std::to_string(qkv) + "; up to " + std::to_string(kNumberMax) + " are possible");
    return false;
  }
  const int64_t layer = int64_t{shape.hidden} * (qkv + int64_t{shape.heads} * shape.head_dim + 3 * int64_t{shape.ffn});
  const int64_t tables = 2 * int64_t{shape.vocab} * shape.hidden;
  if (layer > kWeightsMax / shape.layers || tables > kWeightsMax) {
    error.set(kModelInvalid, std::to_string(shape.layers) + " layers of " + std::to_string(layer) + " weights and " + std::to_string(tables) + " for the vocabulary; up to " +
                                 std::to_string(kWeightsMax) + " are possible");
    return false;
  }
  return true;
}

}  // namespace

const char* const kKnownFamilies = "gemma3, llama, qwen2, qwen3";

const Family* find_family(const std::string& name) {
  const auto found = std::find_if(std::begin(kFamilies), std::end(kFamilies), [&](const Family& family) { return name == family.name; });
  return found == std::end(kFamilies) ? nullptr : found;
}

bool Architecture::is_windowed() const {
  return std::any_of(layers.begin(), layers.end(), [](const LayerFacts& layer) { return layer.window > 0; });
}

bool check_number(const std::string& name, int64_t value, int32_t& out, Error& error) {
  if (value < 1 || value > kNumberMax) {
    error.set(kModelInvalid, name + " is " + std::to_string(value) + "; 1 to " + std::to_string(kNumberMax) + " are possible");
    return false;
  }
  out = static_cast<int32_t>(value);
  return true;
}

void apply_family(const Family& family, Architecture& out) {
  out.family = family.name;
  out.activation = family.activation;
  out.has_qkv_bias = family.has_qkv_bias;
  out.has_head_norms = family.has_head_norms;
  out.has_post_norms = family.has_post_norms;
  out.embedding_scale = family.is_embedding_scaled ? static_cast<float>(std::sqrt(static_cast<double>(out.shape.hidden))) : 1.0f;
  out.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(out.shape.head_dim)));
  out.rope_pairs = out.shape.head_dim / 2;
}

void apply_window(int32_t window, int32_t pattern, Architecture& out) {
  for (int32_t layer = 0; layer < out.shape.layers; ++layer) {
    if ((layer + 1) % pattern == 0) continue;
    out.layers[static_cast<size_t>(layer)] = {window, out.ropes.size() > 1 ? 1 : 0};
  }
}

bool check_architecture(const Architecture& architecture, Error& error) {
  const ModelShape& shape = architecture.shape;
  if (!check_products(shape, error)) return false;
  if (shape.heads % shape.kv_heads != 0) {
    error.set(kModelInvalid, std::to_string(shape.heads) + " heads do not share " + std::to_string(shape.kv_heads) + " KV heads evenly");
    return false;
  }
  if (architecture.rope_pairs * 2 > shape.head_dim || shape.head_dim % 2 != 0) {
    error.set(kModelInvalid, "RoPE over " + std::to_string(architecture.rope_pairs * 2) + " of " + std::to_string(shape.head_dim) + " values of a head");
    return false;
  }
  if (!(architecture.norm_eps >= 0 && architecture.norm_eps < 1)) {
    error.set(kModelInvalid, "norm epsilon " + std::to_string(architecture.norm_eps) + " is out of range");
    return false;
  }
  for (const RopeFacts& rope : architecture.ropes) {
    const bool is_good = rope.base > 1 && rope.base < 1e12 && std::all_of(rope.factors.begin(), rope.factors.end(), [](float factor) { return factor > 0 && factor < 1e6f; });
    if (is_good) continue;
    error.set(kModelInvalid, "RoPE base " + std::to_string(rope.base) + (rope.factors.empty() ? "" : " with factor " + std::to_string(rope.factors[0])) + " is out of range");
    return false;
  }
  if (!(architecture.attention_scale > 0 && architecture.attention_scale <= 16)) {
    error.set(kModelInvalid, "attention scale " + std::to_string(architecture.attention_scale) + " is out of range");
    return false;
  }
  return true;
}

}  // namespace slackwater
