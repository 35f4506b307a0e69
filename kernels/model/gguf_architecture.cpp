#include <algorithm>
#include <cmath>

#include "architecture.h"
#include "gguf.h"

namespace slackwater {
namespace {

/// Reads <family>.<key> of a file; the first fault stays in `error`.
class Metadata {
 public:
  Metadata(const GgufFile& file, const std::string& family, Error& error) : file_(file), prefix_(family + "."), error_(error) {}

  bool has(const std::string& key) const { return file_.find(prefix_ + key) != nullptr; }

  /// `fallback` when absent, and allowed (≥ 0).
  bool dimension(const std::string& key, int64_t fallback, int32_t& out) {
    int64_t value = fallback;
    const bool is_integer = file_.find_integer(prefix_ + key, value);
    if ((has(key) && !is_integer) || (!has(key) && fallback < 0)) {
      error_.set(kModelInvalid, prefix_ + key + (has(key) ? " is not one integer" : " is missing"));
      return false;
    }
    return check_number(prefix_ + key, value, out, error_);
  }

  /// A real or an integer; `out` stays when absent.
  bool real(const std::string& key, double& out) {
    int64_t whole = 0;
    if (!has(key) || file_.find_real(prefix_ + key, out)) return true;
    if (!file_.find_integer(prefix_ + key, whole)) {
      error_.set(kModelInvalid, prefix_ + key + " is not a number");
      return false;
    }
    out = static_cast<double>(whole);
    return true;
  }

  /// Empty when absent.
  bool text(const std::string& key, std::string& out) {
    const std::string_view* found = file_.find_text(prefix_ + key);
    if (found == nullptr && has(key)) {
      error_.set(kModelInvalid, prefix_ + key + " is not text");
      return false;
    }
    out = found != nullptr ? std::string(*found) : "";
    return true;
  }

  bool refuse(const std::string& message) {
    error_.set(kModelUnsupported, message);
    return false;
  }
  const std::string& prefix() const { return prefix_; }

 private:
  const GgufFile& file_;
  const std::string prefix_;
  Error& error_;
};

int64_t vocab_size(const GgufFile& file) {
  const GgufValue* tokens = file.find("tokenizer.ggml.tokens");
  return tokens != nullptr ? static_cast<int64_t>(tokens->count) : -1;
}

bool check_features(Metadata& metadata, Error& error) {
  double experts = 0, cap = 0;
  if (!metadata.real("expert_count", experts)) return false;
  if (experts > 0) return metadata.refuse(metadata.prefix() + "expert_count is " + std::to_string(static_cast<int64_t>(experts)) + " experts; only dense models are known");
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (!metadata.real(key, cap)) return false;
    if (cap != 0) return metadata.refuse(metadata.prefix() + key + " is " + std::to_string(cap) + "; soft caps are not known");
  }
  return !error;
}

bool read_shape(const GgufFile& file, Metadata& metadata, ModelShape& shape, Error& error) {
  int32_t value_length = 0;
  if (!metadata.dimension("block_count", -1, shape.layers) || !metadata.dimension("embedding_length", -1, shape.hidden) ||
      !metadata.dimension("attention.head_count", -1, shape.heads) || !metadata.dimension("attention.head_count_kv", shape.heads, shape.kv_heads) ||
      !metadata.dimension("attention.key_length", std::max(1, shape.hidden / shape.heads), shape.head_dim) ||
      !metadata.dimension("attention.value_length", shape.head_dim, value_length) || !metadata.dimension("feed_forward_length", -1, shape.ffn) ||
      !metadata.dimension("vocab_size", vocab_size(file), shape.vocab) || !metadata.dimension("context_length", -1, shape.context_length)) {
    return false;
  }
  if (value_length == shape.head_dim) return true;
  error.set(kModelUnsupported, "keys of " + std::to_string(shape.head_dim) + " and values of " + std::to_string(value_length) + "; heads of one size are known");
  return false;
}

/// Linear scaling and none. Factors for each pair are a tensor, and come with the weights.
bool read_scaling(Metadata& metadata, double& factor) {
  std::string type;
  double scale_linear = 1;
  factor = 1;
  if (!metadata.text("rope.scaling.type", type) || !metadata.real("rope.scaling.factor", factor) || !metadata.real("rope.scale_linear", scale_linear)) return false;
  if (type != "" && type != "none" && type != "linear") return metadata.refuse("RoPE scaling '" + type + "'; known: none, linear, and per-pair factors in rope_freqs.weight");
  if (factor == 1 || factor == 0) factor = scale_linear;
  if (type == "none" || factor == 0) factor = 1;  // 0 means no scaling too.
  return true;
}

bool read_ropes(Metadata& metadata, const Family& family, Architecture& out) {
  double base = family.rope_base, local_base = family.local_rope_base, factor = 1;
  int32_t rotated = 0;
  if (!read_scaling(metadata, factor) || !metadata.real("rope.freq_base", base) || !metadata.real("rope.freq_base_swa", local_base) ||
      !metadata.dimension("rope.dimension_count", out.shape.head_dim, rotated)) {
    return false;
  }
  out.rope_pairs = rotated / 2;
  out.ropes = {{base}};
  if (factor != 1) out.ropes[0].factors.assign(static_cast<size_t>(std::min(out.rope_pairs, out.shape.head_dim)), static_cast<float>(factor));
  if (local_base > 0) out.ropes.push_back({local_base});
  return true;
}

bool read_windows(Metadata& metadata, const Family& family, Architecture& out) {
  int32_t window = 0, pattern = family.window_pattern;
  if (!metadata.has("attention.sliding_window")) return true;
  if (pattern == 0) return metadata.refuse(metadata.prefix() + "attention.sliding_window: windows are known for gemma3");
  if (!metadata.dimension("attention.sliding_window", -1, window) || !metadata.dimension("attention.sliding_window_pattern", pattern, pattern)) return false;
  apply_window(window, pattern, out);
  return true;
}

}  // namespace

bool read_gguf_architecture(const GgufFile& file, Architecture& out, Error& error) {
  const std::string_view* architecture = file.find_text("general.architecture");
  if (architecture == nullptr) {
    error.set(kModelInvalid, "general.architecture is missing");
    return false;
  }
  const Family* family = find_family(std::string(*architecture));
  if (family == nullptr) {
    error.set(kModelUnsupported, "architecture '" + std::string(*architecture) + "'; known: " + kKnownFamilies);
    return false;
  }
  const std::string_view* name = file.find_text("general.name");
  Metadata metadata(file, family->name, error);
  double eps = -1;
  if (!check_features(metadata, error) || !read_shape(file, metadata, out.shape, error) || !metadata.real("attention.layer_norm_rms_epsilon", eps)) return false;
  apply_family(*family, out);
  out.name = name != nullptr ? std::string(*name) : std::string(*architecture);
  out.norm_eps = static_cast<float>(eps);
  out.is_tied = file.find_tensor("output.weight") == nullptr;
  // Rows of q and k are in the order of neighbouring pairs in files of llamas alone; and the offset of gemma's norms is in their weights.
  out.rope_layout = out.family == "llama" ? RopeLayout::kPairs : RopeLayout::kHalves;
  // No file says it: the 27B alone of gemma3 scales by the width shared out over the heads (Gemma 3 report, 2025, table 1 and its configuration).
  if (out.family == "gemma3" && out.shape.layers == 62) out.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(out.shape.hidden) / out.shape.heads));
  if (!read_ropes(metadata, *family, out)) return false;
  if (!check_architecture(out, error)) return false;  // Before memory is asked for each layer.
  out.layers.assign(static_cast<size_t>(out.shape.layers), {});
  return read_windows(metadata, *family, out);
}

}  // namespace slackwater
