#include "llama_weights.h"

#include <algorithm>
#include <string>

namespace slackwater {
namespace {

constexpr const char* kKnownArchitectures = "llama";
// Far above any dimension in use, of a model and of the rows of its matrices: twice a number fits int32, a product of two size_t.
constexpr int64_t kNumberMax = 1 << 24;
constexpr int64_t kWeightsMax = int64_t{1} << 42;  // No machine holds them; keeps the bytes of all weights together below 2^63.

/// llama.<key>, or `fallback` when absent and a fallback is allowed (≥ 0).
bool read_dimension(const GgufFile& file, const std::string& key, int64_t fallback, int32_t& out, Error& error) {
  int64_t value = fallback;
  const bool is_there = file.find("llama." + key) != nullptr;
  const bool is_integer = file.find_integer("llama." + key, value);
  if ((is_there && !is_integer) || (!is_there && fallback < 0)) {
    error.set(kModelInvalid, "llama." + key + (is_there ? " is not one integer" : " is missing"));
    return false;
  }
  if (value < 1 || value > kNumberMax) {
    error.set(kModelInvalid, "llama." + key + " is " + std::to_string(value) + "; 1 to " + std::to_string(kNumberMax) + " are possible");
    return false;
  }
  out = static_cast<int32_t>(value);
  return true;
}

/// True when the key is absent, or 0 or 1, which both mean no scaling.
bool check_unscaled(const GgufFile& file, const char* key, Error& error) {
  double factor = 1;
  int64_t whole = 1;
  if (file.find(key) == nullptr) return true;
  if (!file.find_real(key, factor)) {
    if (!file.find_integer(key, whole)) {
      error.set(kModelInvalid, std::string(key) + " is not a number");
      return false;
    }
    factor = static_cast<double>(whole);
  }
  if (factor == 0 || factor == 1) return true;
  error.set(kModelUnsupported, std::string(key) + " is " + std::to_string(factor) + "; RoPE is known unscaled, and with per-pair factors in rope_freqs.weight");
  return false;
}

bool check_features(const GgufFile& file, Error& error) {
  int64_t experts = 0;
  if (file.find_integer("llama.expert_count", experts) && experts > 0) {
    error.set(kModelUnsupported, "llama with " + std::to_string(experts) + " experts; only dense models are known");
    return false;
  }
  const std::string_view* scaling = file.find_text("llama.rope.scaling.type");
  if (scaling == nullptr && file.find("llama.rope.scaling.type") != nullptr) {
    error.set(kModelInvalid, "llama.rope.scaling.type is not text");
    return false;
  }
  if (scaling != nullptr && *scaling != "none") {
    error.set(kModelUnsupported, "RoPE scaling '" + std::string(*scaling) + "'; known: none, and per-pair factors in rope_freqs.weight");
    return false;
  }
  // Without a type, a factor means linear scaling.
  return scaling != nullptr || (check_unscaled(file, "llama.rope.scaling.factor", error) && check_unscaled(file, "llama.rope.scale_linear", error));
}

int64_t vocab_size(const GgufFile& file) {
  const GgufValue* tokens = file.find("tokenizer.ggml.tokens");
  return tokens != nullptr ? static_cast<int64_t>(tokens->count) : -1;
}

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

bool check_shape(const ModelShape& shape, const LlamaNumbers& numbers, Error& error) {
  if (!check_products(shape, error)) return false;
  if (shape.heads % shape.kv_heads != 0) {
    error.set(kModelInvalid, std::to_string(shape.heads) + " heads do not share " + std::to_string(shape.kv_heads) + " KV heads evenly");
    return false;
  }
  if (numbers.rope_pairs * 2 > shape.head_dim || shape.head_dim % 2 != 0) {
    error.set(kModelInvalid, "RoPE over " + std::to_string(numbers.rope_pairs * 2) + " of " + std::to_string(shape.head_dim) + " values of a head");
    return false;
  }
  if (!(numbers.norm_eps >= 0 && numbers.norm_eps < 1) || !(numbers.rope_base > 1 && numbers.rope_base < 1e12)) {
    error.set(kModelInvalid, "norm epsilon " + std::to_string(numbers.norm_eps) + " or RoPE base " + std::to_string(numbers.rope_base) + " is out of range");
    return false;
  }
  return true;
}

}  // namespace

bool read_llama_numbers(const GgufFile& file, ModelInfo& info, LlamaNumbers& numbers, Error& error) {
  const std::string_view* architecture = file.find_text("general.architecture");
  if (architecture == nullptr) {
    error.set(kModelInvalid, "general.architecture is missing");
    return false;
  }
  if (*architecture != "llama") {
    error.set(kModelUnsupported, "architecture '" + std::string(*architecture) + "'; known: " + kKnownArchitectures);
    return false;
  }
  const std::string_view* name = file.find_text("general.name");
  info.architecture = *architecture;
  info.name = name != nullptr ? std::string(*name) : std::string(*architecture);
  ModelShape& shape = info.shape;
  double eps = -1, base = 10000;
  int32_t rotated = 0;
  if (!check_features(file, error)) return false;
  if (!read_dimension(file, "block_count", -1, shape.layers, error) ||
      !read_dimension(file, "embedding_length", -1, shape.hidden, error) ||
      !read_dimension(file, "attention.head_count", -1, shape.heads, error) ||
      !read_dimension(file, "attention.head_count_kv", shape.heads, shape.kv_heads, error) ||
      !read_dimension(file, "attention.key_length", std::max(1, shape.hidden / shape.heads), shape.head_dim, error) ||
      !read_dimension(file, "feed_forward_length", -1, shape.ffn, error) ||
      !read_dimension(file, "vocab_size", vocab_size(file), shape.vocab, error) ||
      !read_dimension(file, "context_length", -1, shape.context_length, error) ||
      !read_dimension(file, "rope.dimension_count", shape.head_dim, rotated, error)) {
    return false;
  }
  file.find_real("llama.attention.layer_norm_rms_epsilon", eps);
  file.find_real("llama.rope.freq_base", base);
  numbers = {static_cast<float>(eps), base, rotated / 2};
  return check_shape(shape, numbers, error);
}

bool read_model_info(const GgufFile& file, ModelInfo& info, Error& error) {
  LlamaNumbers numbers;
  return read_llama_numbers(file, info, numbers, error);
}

}  // namespace slackwater
