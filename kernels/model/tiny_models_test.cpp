// Every known family against transformers, from a folder and from a GGUF, on all backends and levels: golden/tiny, made by
// tools/peers/tiny_models_golden.py. And what is wrong with folders: the models here are the ones that are spoilt.
#include <filesystem>
#include <functional>

#include "test_golden.h"
#include "test_model.h"
#include "test_safetensors.h"

namespace slackwater {
namespace {

namespace fs = std::filesystem;

const std::string kTiny = std::string(SLACKWATER_SOURCE_DIR) + "/model/golden/tiny/";

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK(in.good(), "%s is missing", path.c_str());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A copy of a family's folder, in which files may be changed.
class Copy {
 public:
  explicit Copy(const std::string& family) { fs::copy(kTiny + family, folder_.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing); }
  std::string path() const { return folder_.path(); }
  void write(const std::string& name, const std::string& text) { folder_.write(name, text); }
  void remove(const std::string& name) { fs::remove(fs::path(path()) / name); }
  /// Text in a file that is there once, replaced.
  void change(const std::string& name, const std::string& from, const std::string& to) {
    std::string text = read_text(path() + "/" + name);
    const size_t at = text.find(from);
    CHECK(at != std::string::npos && text.find(from, at + 1) == std::string::npos, "'%s' is in %s once", from.c_str(), name.c_str());
    write(name, text.replace(at, from.size(), to));
  }

 private:
  TestFolder folder_;
};

std::unique_ptr<Backend> load_path(const std::string& path, BackendKind kind, Isa isa, Error& error, WeightMode mode = WeightMode::kExact) {
  const auto model = ModelFile::open(path, error);
  return model == nullptr ? nullptr : make_backend(*model, kind, isa, mode, 2, error);
}

struct Gate {
  double rel_l2, kl;
};

void check_logits(const std::string& path, const GoldenPrompt& prompt, BackendKind kind, Isa isa, WeightMode mode, const Gate& gate) {
  Error error;
  const auto backend = load_path(path, kind, isa, error, mode);
  CHECK(backend != nullptr, "%s: %s", path.c_str(), error.message.c_str());
  const auto vocab = static_cast<size_t>(backend->shape().vocab);
  TestSequences run(*backend, 1, static_cast<int32_t>(prompt.tokens.size()));
  run.append({prompt.tokens}, true);
  double worst = 0, worst_kl = 0;
  for (size_t i = 0; i < prompt.rows.size(); ++i) {
    const float *got = run.logits().data() + static_cast<size_t>(prompt.rows[i]) * vocab, *want = prompt.logits.data() + i * vocab;
    worst = std::fmax(worst, rel_l2(got, want, vocab));
    worst_kl = std::fmax(worst_kl, divergence(got, want, vocab));
  }
  std::printf("%-60s %-18s relL2 %.1e, KL %.1e\n", path.c_str() + (path.rfind(kTiny, 0) == 0 ? kTiny.size() : 0), backend->numerics(), worst, worst_kl);
  CHECK(worst <= gate.rel_l2 && worst_kl <= gate.kl, "%s on %s: relL2 %.2e (gate %.0e), KL %.2e (gate %.0e)", path.c_str(), backend->numerics(), worst, gate.rel_l2, worst_kl, gate.kl);
}

void check_all_backends(const std::string& path, const std::string& golden_path) {
  const Golden golden = read_golden(golden_path);
  const GoldenPrompt& prompt = golden.prompts[0];
  check_logits(path, prompt, BackendKind::kReference, Isa::kScalar, WeightMode::kExact, {1e-5, 1e-8});
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
    if (isa <= best_isa()) check_logits(path, prompt, BackendKind::kCpu, isa, WeightMode::kExact, {1e-2, 1e-4});
  }
  check_logits(path, prompt, BackendKind::kCpu, best_isa(), WeightMode::kCompact, {1e-2, 1e-4});
}

/// Only the configuration differs, and transformers was asked with it.
void check_variant(const std::string& family, const std::string& name) {
  Copy copy(family);
  copy.write("config.json", read_text(kTiny + family + "/config." + name + ".json"));
  check_all_backends(copy.path(), kTiny + family + "/logits." + name + ".bin");
}

void check_good_models() {
  for (const std::string family : {"llama", "qwen2", "qwen3", "gemma3"}) {
    for (const char* file : {"", "/model.gguf"}) check_all_backends(kTiny + family + file, kTiny + family + "/logits.bin");
  }
  check_all_backends(kTiny + "qwen2/model.safetensors", kTiny + "qwen2/logits.bin");
  check_variant("llama", "llama3");
  check_variant("llama", "old");
  check_variant("qwen2", "window");
  check_variant("gemma3", "scaled");
  check_variant("gemma3", "old");
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0; }

/// Windows, two kinds of rotation and norms of heads keep the promise of backend.h: alone or with others, whole or in chunks.
void check_invariance(const std::string& family) {
  const Golden golden = read_golden(kTiny + family + "/logits.bin");
  const std::vector<int32_t>& tokens = golden.prompts[0].tokens;
  Error error;
  const auto backend = load_path(kTiny + family, BackendKind::kCpu, best_isa(), error);
  CHECK(backend != nullptr, "%s", error.message.c_str());
  TestSequences whole(*backend, 1, 90), parts(*backend, 2, 90);
  whole.append({tokens}, false);
  const std::vector<int32_t> others(tokens.rbegin(), tokens.rend());
  size_t at = 0;
  for (const size_t rows : {1, 30, 34, 24, 1}) {
    const auto first = static_cast<std::ptrdiff_t>(at), last = static_cast<std::ptrdiff_t>(at += rows);
    parts.append({{others.begin() + first, others.begin() + last}, {tokens.begin() + first, tokens.begin() + last}}, false);
  }
  const auto vocab = static_cast<std::ptrdiff_t>(backend->shape().vocab);
  CHECK(same_bits({parts.logits().begin() + vocab, parts.logits().end()}, whole.logits()), "%s: in chunks beside another sequence, the bits are those of the whole", family.c_str());
}

void expect_refusal(const std::string& path, const char* code, const std::string& part) {
  for (const BackendKind kind : {BackendKind::kReference, BackendKind::kCpu}) {
    Error error;
    CHECK(load_path(path, kind, best_isa(), error) == nullptr, "'%s' is refused", part.c_str());
    CHECK(error.code == code && error.message.find(part) != std::string::npos, "wanted %s '%s', got %s: %s", code, part.c_str(), error.code.c_str(), error.message.c_str());
  }
}

void expect_bad_config(const std::string& family, const std::string& from, const std::string& to, const char* code, const std::string& part) {
  Copy copy(family);
  copy.change("config.json", from, to);
  expect_refusal(copy.path(), code, part);
}

void check_bad_configs() {
  expect_bad_config("llama", "\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", kModelUnsupported, "model_type 'mamba'; known: gemma3_text, llama, qwen2, qwen3");
  expect_bad_config("gemma3", "\"gemma3_text\"", "\"gemma3\"", kModelUnsupported, "model_type 'gemma3'; known: gemma3_text");
  expect_bad_config("llama", "\"model_type\": \"llama\",", "", kModelInvalid, "model_type is missing");
  expect_bad_config("llama", "\"hidden_size\": 32", "\"hidden_size\": -3", kModelInvalid, "hidden_size is -3; 1 to 16777216 are possible");
  expect_bad_config("llama", "\"hidden_size\": 32", "\"hidden_size\": 1e300", kModelInvalid, "hidden_size is 1.0000000000000001e+300; 1 to 16777216");
  expect_bad_config("llama", "\"hidden_size\": 32", "\"hidden_size\": \"wide\"", kModelInvalid, "hidden_size is 'wide'; 1 to 16777216");
  expect_bad_config("llama", "\"hidden_size\": 32,", "", kModelInvalid, "hidden_size is missing");
  expect_bad_config("llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", kModelInvalid, "'model.layers.2.input_layernorm.weight' is missing");
  expect_bad_config("llama", "\"num_key_value_heads\": 1", "\"num_key_value_heads\": 3", kModelInvalid, "2 heads do not share 3 KV heads evenly");
  expect_bad_config("llama", "\"num_attention_heads\": 2", "\"num_attention_heads\": 4", kModelInvalid, "'model.layers.0.self_attn.q_proj.weight' has shape 32 x 64; the model's numbers ask for 32 x 128");
  expect_bad_config("llama", "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": -1", kModelInvalid, "norm epsilon -1");
  expect_bad_config("llama", "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": true", kModelInvalid, "rms_norm_eps is true; a number is needed");
  expect_bad_config("llama", "\"hidden_act\": \"silu\"", "\"hidden_act\": \"relu\"", kModelUnsupported, "activation 'relu'; known for llama: silu");
  expect_bad_config("llama", "\"attention_bias\": false", "\"attention_bias\": true", kModelUnsupported, "attention_bias is true");
  expect_bad_config("llama", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"", kModelUnsupported, "RoPE scaling 'yarn'; known: default, linear, llama3");
  expect_bad_config("llama", "\"rope_type\": \"default\"", "\"rope_type\": \"linear\"", kModelInvalid, "RoPE base 10000.000000 with factor 0.000000");
  expect_bad_config("llama", "\"rope_type\": \"default\"", "\"rope_type\": \"llama3\"", kModelInvalid, "RoPE scaling llama3 with factor 0.0");
  expect_bad_config("llama", "\"rope_theta\": 10000.0", "\"rope_theta\": 0.5", kModelInvalid, "RoPE base 0.5");
  expect_bad_config("gemma3", "\"final_logit_softcapping\": null", "\"final_logit_softcapping\": 30.0", kModelUnsupported, "final_logit_softcapping is 30");
  expect_bad_config("gemma3", "\"sliding_window\": 20", "\"sliding_window\": 0", kModelInvalid, "sliding_window is 0");
  expect_bad_config("gemma3", "\"query_pre_attn_scalar\": 32", "\"query_pre_attn_scalar\": 0", kModelInvalid, "attention scale inf");
  expect_bad_config("gemma3", "\"full_attention\",\n", "", kModelInvalid, "layer_types has 3 entries for 4 layers");
  expect_bad_config("gemma3", "\"full_attention\",\n", "\"chunked_attention\",\n", kModelUnsupported, "layer_types has 'chunked_attention'");
  expect_bad_config("qwen3", "\"head_dim\": 32,", "", kModelInvalid, "head_dim is missing");
  Copy copy("qwen2");
  copy.write("config.json", "{\"model_type\": ");
  expect_refusal(copy.path(), kModelInvalid, "config.json: expected a number at byte 15, found the end");
  copy.write("config.json", "{\"a\": " + std::string(40, '[') + "1" + std::string(40, ']') + "}");
  expect_refusal(copy.path(), kModelInvalid, "32 levels of nesting");
  copy.write("config.json", "{\"a\": 1, \"a\": 2}");
  expect_refusal(copy.path(), kModelInvalid, "expected 'a' once");
  copy.write("config.json", "[]");
  expect_refusal(copy.path(), kModelInvalid, "an object is needed, an array was found");
  copy.remove("config.json");
  expect_refusal(copy.path(), kModelUnreadable, "config.json: No such file");
  expect_refusal(copy.path() + "/model.safetensors", kModelUnreadable, "config.json: No such file");
  expect_refusal(copy.path() + "/none", kModelUnreadable, "none: No such file");
}

/// A tensor of the file under another name of the same length; offsets stay.
void check_bad_tensors() {
  Copy copy("qwen2");
  const std::string whole = read_text(kTiny + "qwen2/model.safetensors");
  copy.change("model.safetensors", "\"model.layers.1.self_attn.v_proj.bias\"", "\"model.layers.1.self_attn.v_proj.bios\"");
  expect_refusal(copy.path(), kModelInvalid, "tensor 'model.layers.1.self_attn.v_proj.bias' is missing");
  copy.write("model.safetensors", whole);
  copy.change("config.json", "\"model_type\": \"qwen2\"", "\"model_type\": \"llama\"");
  expect_refusal(copy.path(), kModelUnsupported, "_proj.bias' has no place");
  Copy poisoned("qwen2");
  const std::string name = "\"model.layers.0.mlp.up_proj.weight\":";
  const size_t at = whole.find("\"data_offsets\":[", whole.find(name)) + 16;
  uint64_t length;
  std::memcpy(&length, whole.data(), 8);
  std::string nan = whole;
  nan.replace(8 + length + std::stoul(whole.substr(at)) + 6, 2, "\xc0\x7f");  // The fourth value, in BF16.
  poisoned.write("model.safetensors", nan);
  expect_refusal(poisoned.path(), kModelInvalid, "tensor 'model.layers.0.mlp.up_proj.weight' holds nan at value 3 of 3072");
}

Vocab vocab_of(const std::string& path) {
  Error error;
  Vocab vocab;
  const auto model = ModelFile::open(path, error);
  CHECK(model != nullptr && model->read_vocab(vocab, error), "%s: %s", path.c_str(), error.message.c_str());
  return vocab;
}

void expect_bad_vocab(const std::string& family, const std::string& file, const std::string& from, const std::string& to, const std::string& part) {
  Copy copy(family);
  copy.change(file, from, to);
  Error error;
  Vocab vocab;
  const auto model = ModelFile::open(copy.path(), error);
  CHECK(model != nullptr && !model->read_vocab(vocab, error), "'%s' is refused", part.c_str());
  CHECK(error.message.find(part) != std::string::npos, "wanted '%s', got %s", part.c_str(), error.message.c_str());
}

/// A folder and a GGUF of the same model have the same vocabulary.
void check_vocabularies() {
  for (const std::string family : {"llama", "qwen2", "qwen3", "gemma3"}) {
    const Vocab hub = vocab_of(kTiny + family), gguf = vocab_of(kTiny + family + "/model.gguf");
    for (size_t id = 0; id < gguf.bytes.size(); ++id) {
      CHECK(hub.bytes[id] == gguf.bytes[id] && hub.is_special[id] == gguf.is_special[id], "%s: token %zu is '%s' and '%s'", family.c_str(), id, hub.bytes[id].c_str(), gguf.bytes[id].c_str());
    }
    CHECK(hub.eos_tokens == gguf.eos_tokens && hub.bos_token == gguf.bos_token, "%s: bos %d and %d, %zu and %zu eos", family.c_str(), hub.bos_token, gguf.bos_token, hub.eos_tokens.size(), gguf.eos_tokens.size());
  }
  const Vocab gemma = vocab_of(kTiny + "gemma3");
  CHECK(gemma.bytes[6 + 0x41] == "A" && gemma.bytes[6 + 0xe9] == "\xe9", "pieces of one byte");
  CHECK(gemma.is_special[4] == 1 && gemma.bytes[4] == "<start_of_turn>" && gemma.eos_tokens == (std::vector<int32_t>{1, 5}) && gemma.bos_token == 2, "control tokens");
  expect_bad_vocab("qwen2", "tokenizer.json", "\"type\": \"BPE\"", "\"type\": \"Unigram\"", "tokeniser 'Unigram'; known: BPE");
  expect_bad_vocab("qwen2", "config.json", "\"eos_token_id\": 318", "\"eos_token_id\": 320", "eos_token_id is 320; the model has 320 tokens");
  expect_bad_vocab("qwen2", "generation_config.json", "\"eos_token_id\": 318", "\"eos_token_id\": [1, -1]", "eos_token_id is -1; the model has 320 tokens");
  expect_bad_vocab("qwen2", "tokenizer.json", "\"id\": 316", "\"id\": 1316", "'<|endoftext|>' has id 1316; the model has 320 tokens");
  expect_bad_vocab("qwen2", "tokenizer.json", "\"id\": 316", "\"id\": 1e999", "'<|endoftext|>' has id inf; the model has 320 tokens");
  expect_bad_vocab("qwen2", "tokenizer.json", "\"type\": \"BPE\"", "\"type\": 4", "expected '\"' at byte");
}

}  // namespace
}  // namespace slackwater

int main() {
  using namespace slackwater;
  check_good_models();
  for (const char* family : {"llama", "qwen2", "qwen3", "gemma3"}) check_invariance(family);
  check_bad_configs();
  check_bad_tensors();
  check_vocabularies();
  std::puts("tiny models: ok");
}
