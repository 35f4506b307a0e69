#include "tensor_names.h"

#include <string_view>

namespace slackwater {
namespace {

struct Pair {
  std::string_view engine, hub;
};

constexpr Pair kOfModel[] = {{"token_embd.weight", "model.embed_tokens.weight"}, {"output_norm.weight", "model.norm.weight"}, {"output.weight", "lm_head.weight"}};

constexpr Pair kOfLayer[] = {
    {"attn_norm.weight", "input_layernorm.weight"},
    {"attn_q.weight", "self_attn.q_proj.weight"},
    {"attn_k.weight", "self_attn.k_proj.weight"},
    {"attn_v.weight", "self_attn.v_proj.weight"},
    {"attn_q.bias", "self_attn.q_proj.bias"},
    {"attn_k.bias", "self_attn.k_proj.bias"},
    {"attn_v.bias", "self_attn.v_proj.bias"},
    {"attn_q_norm.weight", "self_attn.q_norm.weight"},
    {"attn_k_norm.weight", "self_attn.k_norm.weight"},
    {"attn_output.weight", "self_attn.o_proj.weight"},
    {"ffn_gate.weight", "mlp.gate_proj.weight"},
    {"ffn_up.weight", "mlp.up_proj.weight"},
    {"ffn_down.weight", "mlp.down_proj.weight"},
};

// "post_attention_layernorm" is the norm after attention where there is one, and else the norm before the feed-forward.
constexpr Pair kPlainNorms[] = {{"ffn_norm.weight", "post_attention_layernorm.weight"}};
constexpr Pair kPostNorms[] = {
    {"post_attention_norm.weight", "post_attention_layernorm.weight"},
    {"ffn_norm.weight", "pre_feedforward_layernorm.weight"},
    {"post_ffw_norm.weight", "post_feedforward_layernorm.weight"},
};

template <class Table>
std::string_view find_hub(const Table& table, std::string_view engine) {
  for (const Pair& pair : table) {
    if (pair.engine == engine) return pair.hub;
  }
  return {};
}

}  // namespace

std::string TensorNames::in_file(const std::string& name) const {
  if (style_ == Style::kGguf) return name;
  if (name.rfind("blk.", 0) != 0) {
    const std::string_view hub = find_hub(kOfModel, name);
    return hub.empty() ? name : std::string(hub);
  }
  const size_t dot = name.find('.', 4);
  const std::string_view rest = std::string_view(name).substr(dot + 1);
  std::string_view hub = find_hub(kOfLayer, rest);
  if (hub.empty()) hub = has_post_norms_ ? find_hub(kPostNorms, rest) : find_hub(kPlainNorms, rest);
  return hub.empty() ? name : "model.layers." + name.substr(4, dot - 4) + "." + std::string(hub);
}

bool TensorNames::is_spare(const std::string& file_name) const {
  if (style_ == Style::kGguf) return false;
  constexpr std::string_view kFrequencies = ".rotary_emb.inv_freq";
  const bool is_frequencies = file_name.size() > kFrequencies.size() && file_name.compare(file_name.size() - kFrequencies.size(), std::string::npos, kFrequencies) == 0;
  return is_frequencies || (is_tied_ && file_name == "lm_head.weight");
}

}  // namespace slackwater
