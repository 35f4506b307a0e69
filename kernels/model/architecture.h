#pragma once

#include <string>
#include <vector>

#include "../lib/error.h"
#include "../ops/glu/glu.h"
#include "../ops/rope/rope.h"
#include "backend.h"

namespace slackwater {

class GgufFile;
class JsonValue;

/// How positions become angles: pair i of a head turns by position * base^(-i / pairs) / factors[i].
struct RopeFacts {
  double base;
  std::vector<float> factors{};  // [pairs]; empty: all 1
};

struct LayerFacts {
  int32_t window = 0;  // A token sees itself and the window - 1 tokens before it; 0: every token before it.
  int32_t rope = 0;    // Index into Architecture::ropes.
};

/// A model as data: everything about its computation that is not in its weights.
///
/// One layer, for every family known here, with what it may lack in brackets:
///   q, k, v = W norm(x) [+ bias];  [q, k = norm of each head];  q, k = rope(q, k)
///   x += [norm] W_o attention(q, k, v);  x += [norm] W_down(activation(W_gate norm(x)) * W_up norm(x))
/// before the first, x = embedding * embedding_scale; after the last, logits = W_output norm(x).
struct Architecture {
  std::string family;  // "llama", "qwen2", "qwen3", "gemma3"
  std::string name;
  ModelShape shape{};
  float norm_eps = 0;
  float norm_offset = 0;  // Added to the weights of norms as they are stored.
  float embedding_scale = 1;
  float attention_scale = 0;  // What q · k is multiplied with.
  Activation activation = Activation::kSilu;
  RopeLayout rope_layout = RopeLayout::kPairs;
  int32_t rope_pairs = 0;       // Pairs of a head that are rotated.
  bool is_tied = false;         // The embedding is the output matrix too.
  bool has_qkv_bias = false;
  bool has_head_norms = false;  // Of q and k, over each head.
  bool has_post_norms = false;  // Of what attention and feed-forward give, before it is added.
  std::vector<RopeFacts> ropes;
  std::vector<LayerFacts> layers;  // [shape.layers]

  bool is_windowed() const;
  int32_t qkv_size() const { return (shape.heads + 2 * shape.kv_heads) * shape.head_dim; }
};

/// "gemma3, llama, qwen2, qwen3": the families that are known, for refusals.
extern const char* const kKnownFamilies;

/// From the metadata of a GGUF. False, and `error` set, when the family is not known (the message lists those that are), a number is
/// missing or out of range, or the model uses something that is not done here (experts, other scalings of RoPE, soft caps).
bool read_gguf_architecture(const GgufFile& file, Architecture& out, Error& error);

/// From a config.json, as transformers writes it (versions 4 and 5); refusals as above. `name` becomes the model's.
bool read_config_architecture(const JsonValue& config, const std::string& name, Architecture& out, Error& error);

/// What is common to both: the facts of a family that no file states, and whether the numbers fit one another.
struct Family {
  const char* name;
  Activation activation;
  bool has_qkv_bias, has_head_norms, has_post_norms;
  bool is_embedding_scaled;  // by sqrt(hidden)
  double rope_base;          // of layers that see everything, where the file does not say
  double local_rope_base;    // of windowed layers; 0: as the others
  int32_t window_pattern;    // every so many layers one sees everything; 0: the file says which
};
const Family* find_family(const std::string& name);

/// Largest number that a file may name for a dimension: far above any in use. Twice it fits int32, a product of two size_t.
constexpr int64_t kNumberMax = 1 << 24;
bool check_number(const std::string& name, int64_t value, int32_t& out, Error& error);

/// Fills what follows from the family and the shape, with `layers` full of plain ones.
void apply_family(const Family& family, Architecture& out);
/// Windowed layers by the family's pattern, or the given one.
void apply_window(int32_t window, int32_t pattern, Architecture& out);
bool check_architecture(const Architecture& architecture, Error& error);

}  // namespace slackwater
