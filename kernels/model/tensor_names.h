#pragma once

#include <string>

namespace slackwater {

/// How the tensors of a model are called in its file. The engine asks for them by GGUF's names ("blk.0.attn_q.weight").
class TensorNames {
 public:
  enum class Style { kGguf, kHub };

  TensorNames() = default;
  /// `has_post_norms`: the family's, for which the hub's names of norms mean other norms.
  TensorNames(Style style, bool has_post_norms, bool is_tied) : style_(style), has_post_norms_(has_post_norms), is_tied_(is_tied) {}

  /// "model.layers.0.self_attn.q_proj.weight"; a name that has no counterpart stays.
  std::string in_file(const std::string& name) const;
  /// A tensor that a file may have and nobody needs: what can be computed, and an output matrix that is to be the embedding.
  bool is_spare(const std::string& file_name) const;

 private:
  Style style_ = Style::kGguf;
  bool has_post_norms_ = false;
  bool is_tied_ = false;
};

}  // namespace slackwater
