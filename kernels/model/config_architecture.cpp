#include <algorithm>
#include <cmath>

#include "../lib/json_value.h"
#include "architecture.h"

namespace slackwater {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// Reads members of a config.json; the first fault stays in `error`. A member that is null is absent.
class Config {
 public:
  Config(const JsonValue& root, Error& error) : root_(root), error_(error) {}

  const JsonValue* find(const char* key) const { return root_.find(key); }

  /// `fallback` when absent, and allowed (≥ 0).
  bool dimension(const char* key, int64_t fallback, int32_t& out) {
    const JsonValue* found = find(key);
    if (found == nullptr && fallback < 0) return refuse(kModelInvalid, std::string(key) + " is missing");
    if (found == nullptr) return check_number(named(key), fallback, out, error_);
    const bool is_whole = found->kind == JsonValue::Kind::kNumber && found->is_whole;
    if (!is_whole || !(found->number >= 1 && found->number <= kNumberMax)) {
      return refuse(kModelInvalid, std::string(key) + " is " + found->described() + "; 1 to " + std::to_string(kNumberMax) + " are possible");
    }
    out = static_cast<int32_t>(found->number);
    return true;
  }

  /// `out` stays when absent.
  bool real(const char* key, double& out) { return real_of(root_, key, out); }
  bool real_of(const JsonValue& object, const char* key, double& out) {
    const JsonValue* found = object.find(key);
    if (found == nullptr) return true;
    if (found->kind != JsonValue::Kind::kNumber) return refuse(kModelInvalid, std::string(key) + " is " + found->described() + "; a number is needed");
    out = found->number;
    return true;
  }

  bool flag(const char* key, bool& out) {
    const JsonValue* found = find(key);
    if (found == nullptr) return true;
    if (found->kind != JsonValue::Kind::kBool) return refuse(kModelInvalid, std::string(key) + " is " + found->described() + "; true or false is needed");
    out = found->truth;
    return true;
  }

  bool refuse(const char* code, const std::string& message) {
    error_.set(code, named(message));
    return false;
  }

 private:
  static std::string named(const std::string& message) { return "config.json: " + message; }

  const JsonValue& root_;
  Error& error_;
};

const Family* find_config_family(Config& config) {
  const JsonValue* type = config.find("model_type");
  if (type == nullptr || type->kind != JsonValue::Kind::kText) {
    config.refuse(kModelInvalid, "model_type is " + (type == nullptr ? "missing" : type->described()));
    return nullptr;
  }
  // The text model of gemma3 has a name of its own; "gemma3" itself is the one with eyes.
  const Family* family = type->text == "gemma3_text" ? find_family("gemma3") : type->text == "gemma3" ? nullptr : find_family(type->text);
  if (family == nullptr) config.refuse(kModelUnsupported, "model_type '" + type->text.substr(0, 64) + "'; known: gemma3_text, llama, qwen2, qwen3");
  return family;
}

bool check_features(Config& config, const Family& family) {
  const JsonValue* act = config.find("hidden_activation") != nullptr ? config.find("hidden_activation") : config.find("hidden_act");
  const char* wanted = family.activation == Activation::kSilu ? "silu" : "gelu_pytorch_tanh";
  if (act != nullptr && !act->is_text(wanted)) return config.refuse(kModelUnsupported, "activation " + act->described() + "; known for " + family.name + ": " + wanted);
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping", "quantization_config"}) {
    if (config.find(key) != nullptr) return config.refuse(kModelUnsupported, std::string(key) + " is " + config.find(key)->described() + "; it is not known");
  }
  for (const char* key : {"attention_bias", "mlp_bias", "use_bidirectional_attention"}) {
    bool is_set = false;
    if (!config.flag(key, is_set)) return false;
    if (is_set) return config.refuse(kModelUnsupported, std::string(key) + " is true; it is not known for " + family.name);
  }
  double rotated = 1;
  if (!config.real("partial_rotary_factor", rotated)) return false;
  return rotated == 1 || config.refuse(kModelUnsupported, "partial_rotary_factor is " + std::to_string(rotated) + "; 1 is known");
}

bool read_shape(Config& config, const Family& family, ModelShape& shape) {
  if (!config.dimension("num_hidden_layers", -1, shape.layers) || !config.dimension("hidden_size", -1, shape.hidden) ||
      !config.dimension("num_attention_heads", -1, shape.heads) || !config.dimension("num_key_value_heads", shape.heads, shape.kv_heads)) {
    return false;
  }
  // Both have heads of another size than the width over the heads, and a default that has changed: only a stated one is believed.
  const bool is_stated = family.has_head_norms;
  return config.dimension("head_dim", is_stated ? -1 : std::max(1, shape.hidden / shape.heads), shape.head_dim) && config.dimension("intermediate_size", -1, shape.ffn) &&
         config.dimension("vocab_size", -1, shape.vocab) && config.dimension("max_position_embeddings", -1, shape.context_length);
}

/// The frequencies of Llama 3.1: slow pairs are slowed by `factor`, fast ones stay, those between are mixed (Llama 3 report, 2024;
/// its four numbers are in the configuration).
bool read_llama3_factors(Config& config, const JsonValue& scaling, int32_t pairs, RopeFacts& rope) {
  double factor = 0, low = 0, high = 0, context = 0;
  if (!config.real_of(scaling, "factor", factor) || !config.real_of(scaling, "low_freq_factor", low) || !config.real_of(scaling, "high_freq_factor", high) ||
      !config.real_of(scaling, "original_max_position_embeddings", context)) {
    return false;
  }
  if (!(factor >= 1 && low > 0 && high > low && context > 0)) {
    return config.refuse(kModelInvalid, "RoPE scaling llama3 with factor " + std::to_string(factor) + ", low " + std::to_string(low) + ", high " + std::to_string(high) + ", context " +
                                            std::to_string(context) + "; factor ≥ 1, 0 < low < high and context > 0 are needed");
  }
  for (int32_t i = 0; i < pairs; ++i) {
    const double wave = 2 * kPi * std::pow(rope.base, static_cast<double>(i) / pairs);
    const double share = std::clamp((context / wave - low) / (high - low), 0.0, 1.0);  // of the unchanged frequency
    rope.factors.push_back(static_cast<float>(1 / ((1 - share) / factor + share)));
  }
  return true;
}

/// `scaling` null: none.
bool read_scaling(Config& config, const JsonValue* scaling, int32_t pairs, RopeFacts& rope) {
  if (scaling == nullptr) return true;
  const JsonValue* type = scaling->find("rope_type") != nullptr ? scaling->find("rope_type") : scaling->find("type");
  if (type == nullptr || type->is_text("default")) return true;
  if (type->is_text("llama3")) return read_llama3_factors(config, *scaling, pairs, rope);
  if (!type->is_text("linear")) return config.refuse(kModelUnsupported, "RoPE scaling " + type->described() + "; known: default, linear, llama3");
  double factor = 0;
  if (!config.real_of(*scaling, "factor", factor)) return false;
  rope.factors.assign(static_cast<size_t>(pairs), static_cast<float>(factor));
  return true;
}

/// Version 5 of transformers writes rope_parameters, for models with windows one for each kind of layer; version 4 rope_theta,
/// rope_local_base_freq and rope_scaling.
bool read_ropes(Config& config, const Family& family, Architecture& out) {
  const JsonValue* parameters = config.find("rope_parameters");
  const JsonValue* full = parameters != nullptr && family.local_rope_base > 0 ? parameters->find("full_attention") : parameters;
  const JsonValue* local = parameters != nullptr && family.local_rope_base > 0 ? parameters->find("sliding_attention") : nullptr;
  RopeFacts rope{family.rope_base};
  if (!config.real("rope_theta", rope.base) || (full != nullptr && !config.real_of(*full, "rope_theta", rope.base)) ||
      !read_scaling(config, full != nullptr ? full : config.find("rope_scaling"), out.rope_pairs, rope)) {
    return false;
  }
  out.ropes = {rope};
  if (family.local_rope_base == 0) return true;
  RopeFacts local_rope{family.local_rope_base};
  if (!config.real("rope_local_base_freq", local_rope.base) || (local != nullptr && !config.real_of(*local, "rope_theta", local_rope.base)) ||
      !read_scaling(config, local, out.rope_pairs, local_rope)) {
    return false;
  }
  out.ropes.push_back(local_rope);
  return true;
}

/// layer_types where it is written, else the rule of the family.
bool read_windows(Config& config, const Family& family, Architecture& out) {
  int32_t window = 0, pattern = family.window_pattern, first = 0;
  bool is_used = pattern > 0;
  if (!config.flag("use_sliding_window", is_used)) return false;
  if (!is_used) return true;
  if (!config.dimension("sliding_window", -1, window)) return false;
  const JsonValue* types = config.find("layer_types");
  if (types == nullptr && pattern > 0) {
    const char* key = config.find("sliding_window_pattern") != nullptr ? "sliding_window_pattern" : "_sliding_window_pattern";
    if (!config.dimension(key, pattern, pattern)) return false;
    apply_window(window, pattern, out);
    return true;
  }
  if (types == nullptr) {
    if (!config.dimension("max_window_layers", 28, first)) return false;
    for (int32_t layer = first; layer < out.shape.layers; ++layer) out.layers[static_cast<size_t>(layer)].window = window;
    return true;
  }
  if (types->elements.size() != out.layers.size()) {
    return config.refuse(kModelInvalid, "layer_types has " + std::to_string(types->elements.size()) + " entries for " + std::to_string(out.shape.layers) + " layers");
  }
  for (size_t layer = 0; layer < out.layers.size(); ++layer) {
    const JsonValue& type = types->elements[layer];
    if (type.is_text("sliding_attention")) out.layers[layer] = {window, out.ropes.size() > 1 ? 1 : 0};
    else if (!type.is_text("full_attention")) return config.refuse(kModelUnsupported, "layer_types has " + type.described() + "; known: full_attention, sliding_attention");
  }
  return true;
}

}  // namespace

bool read_config_architecture(const JsonValue& root, const std::string& name, Architecture& out, Error& error) {
  Config config(root, error);
  const Family* family = find_config_family(config);
  if (family == nullptr || !check_features(config, *family) || !read_shape(config, *family, out.shape)) return false;
  apply_family(*family, out);
  out.name = name;
  out.rope_layout = RopeLayout::kHalves;
  out.norm_offset = family->has_post_norms ? 1.0f : 0.0f;  // gemma3 stores its norms' weights less one.
  out.is_tied = family->is_embedding_scaled;               // The default of gemma3; the others' is false.
  double eps = -1, scalar = out.shape.head_dim;
  if (!config.real("rms_norm_eps", eps) || !config.flag("tie_word_embeddings", out.is_tied)) return false;
  out.norm_eps = static_cast<float>(eps);
  if (out.family == "gemma3") {
    if (config.find("query_pre_attn_scalar") == nullptr) return config.refuse(kModelInvalid, "query_pre_attn_scalar is missing");
    if (!config.real("query_pre_attn_scalar", scalar)) return false;
    out.attention_scale = static_cast<float>(1 / std::sqrt(scalar));
  }
  if (!check_architecture(out, error)) return false;  // Before memory is asked for each layer.
  if (!read_ropes(config, *family, out)) return false;
  out.layers.assign(static_cast<size_t>(out.shape.layers), {});
  return read_windows(config, *family, out) && check_architecture(out, error);
}

}  // namespace slackwater
