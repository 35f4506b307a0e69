#pragma once

// For tests: tiny llamas made in memory, in any format, and with what may be wrong with one.

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "test_gguf.h"
#include "test_model.h"

namespace slackwater {

constexpr uint32_t kHidden = 64, kHeads = 4, kKvHeads = 2, kHeadDim = 32, kFfn = 96, kVocab = 40, kLayers = 2, kContext = 200;

template <class T>
std::string bytes_of(T value) {
  std::string out;
  GgufWriter::put(out, value);
  return out;
}

/// What a test changes of the tiny model.
struct Variant {
  uint32_t format = 0;
  bool is_wide = false;                                   // heads of 64; 256 values in a row, a block of any format
  bool is_as_f32 = false;                                 // written as the F32 values that the format's bytes stand for
  std::string skip{};                                     // a tensor left out
  std::string poison{};                                   // a tensor whose bytes at `poison_at` become `poisoned`
  std::string poisoned = bytes_of(NAN);
  size_t poison_at = 0;
  bool untied = false;
  std::function<void(GgufWriter&)> extra = [](GgufWriter&) {};
  std::string architecture = "llama";
  uint32_t heads = kHeads, kv_heads = kKvHeads, head_dim = kHeadDim;
  uint32_t layers = kLayers, ffn = kFfn;
};

inline std::string tiny_model(const Variant& variant) {
  const uint32_t hidden = variant.is_wide ? 256 : kHidden, head_dim = variant.is_wide ? 64 : kHeadDim, ffn = variant.is_wide ? 256 : kFfn;
  GgufWriter out;
  out.text("general.architecture", variant.architecture);
  out.text("general.name", "tiny");
  out.number("llama.block_count", variant.layers);
  out.number("llama.embedding_length", hidden);
  out.number("llama.attention.head_count", variant.heads);
  out.number("llama.attention.head_count_kv", variant.kv_heads);
  out.number("llama.attention.key_length", variant.is_wide ? head_dim : variant.head_dim);
  out.number("llama.feed_forward_length", variant.is_wide ? ffn : variant.ffn);
  out.number("llama.vocab_size", kVocab);
  out.number("llama.context_length", kContext);
  out.real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  out.real("llama.rope.freq_base", 10000);
  uint64_t seed = 100;
  const auto add = [&](const std::string& name, uint64_t cols, uint64_t rows) {
    if (name == variant.skip) return;
    const bool is_matrix = rows > 1;
    uint32_t format = is_matrix ? variant.format : 0;
    std::string bytes = test_weights(format, cols * rows, ++seed);
    if (name == variant.poison) bytes.replace(variant.poison_at, variant.poisoned.size(), variant.poisoned);
    if (variant.is_as_f32) {
      std::string floats(cols * rows * sizeof(float), '\0');
      dequantize(static_cast<TensorFormat>(format), reinterpret_cast<const std::byte*>(bytes.data()), cols * rows, reinterpret_cast<float*>(floats.data()));
      bytes = floats;
      format = 0;
    }
    out.tensor(name, is_matrix ? std::vector<uint64_t>{cols, rows} : std::vector<uint64_t>{cols}, format, bytes);
  };
  add("token_embd.weight", hidden, kVocab);
  add("output_norm.weight", hidden, 1);
  if (variant.untied) add("output.weight", hidden, kVocab);
  for (uint32_t i = 0; i < kLayers; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    add(prefix + "attn_norm.weight", hidden, 1);
    add(prefix + "ffn_norm.weight", hidden, 1);
    add(prefix + "attn_q.weight", hidden, kHeads * head_dim);
    add(prefix + "attn_k.weight", hidden, kKvHeads * head_dim);
    add(prefix + "attn_v.weight", hidden, kKvHeads * head_dim);
    add(prefix + "attn_output.weight", kHeads * head_dim, hidden);
    add(prefix + "ffn_gate.weight", hidden, ffn);
    add(prefix + "ffn_up.weight", hidden, ffn);
    add(prefix + "ffn_down.weight", ffn, hidden);
  }
  variant.extra(out);
  return out.bytes();
}

inline std::unique_ptr<Backend> load(const Variant& variant, BackendKind kind, Isa isa, Error& error, int threads = 1, WeightMode mode = WeightMode::kAuto) {
  const TestFile file(tiny_model(variant));
  const auto model = ModelFile::open(file.path(), error);
  if (model == nullptr) return nullptr;
  return make_backend(*model, kind, isa, mode, threads, error);  // The file is closed before the backend runs.
}

/// After a prompt of 66 tokens and one of 1, for two sequences.
inline std::vector<float> logits_of(Backend& backend) {
  TestSequences run(backend, 2, 70);
  run.append(66);
  run.append(1);
  return run.logits();
}

inline void expect_fault(const Variant& variant, const char* code, const std::string& part) {
  for (const BackendKind kind : {BackendKind::kReference, BackendKind::kCpu}) {
    Error error;
    CHECK(load(variant, kind, best_isa(), error) == nullptr, "'%s' is refused", part.c_str());
    CHECK(error.code == code && error.message.find(part) != std::string::npos, "wanted %s '%s', got %s: %s", code, part.c_str(), error.code.c_str(), error.message.c_str());
  }
}

}  // namespace slackwater
