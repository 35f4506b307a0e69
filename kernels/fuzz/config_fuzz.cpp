// The JSON files of a model's folder: config.json, and tokenizer.json with its vocabulary.
#include "../model/architecture.h"
#include "../model/model_file.h"
#include "../model/test_safetensors.h"
#include "../model/tokenizer_vocab.h"
#include "fuzz.h"
#include "reader_checks.h"

using namespace slackwater;

namespace {

constexpr int32_t kVocab = 16;

void check_vocab(const Vocab& vocab) {
  CHECK(vocab.bytes.size() == kVocab && vocab.is_special.size() == kVocab, "%zu texts, %zu marks", vocab.bytes.size(), vocab.is_special.size());
  CHECK(vocab.bos_token < kVocab, "token %d", vocab.bos_token);
  for (const int32_t token : vocab.eos_tokens) CHECK(token >= 0 && token < kVocab, "token %d", token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  JsonCursor cursor({reinterpret_cast<const char*>(data), size});
  JsonValue config;
  const bool is_json = read_json_value(cursor, config) && cursor.expect_end();
  CHECK(is_json == cursor.fault().empty(), "an answer and a fault go together: '%s'", cursor.fault().c_str());
  JsonCursor passing({reinterpret_cast<const char*>(data), size});
  CHECK(!is_json || (skip_json_value(passing) && passing.expect_end()), "what can be read can be passed over: %s", passing.fault().c_str());
  Error error;
  if (is_json && config.kind == JsonValue::Kind::kObject) {
    Architecture architecture;
    const bool is_known = read_config_architecture(config, "fuzz", architecture, error);
    check_fault(is_known, error);
    if (is_known) check_numbers(architecture);
  }
  // It is read from a file, which costs a hundred times the reading: only what could be one is written.
  if (std::string_view(reinterpret_cast<const char*>(data), size).find("\"vocab\"") == std::string_view::npos) return 0;
  static const TestFolder folder;
  folder.write("tokenizer.json", {reinterpret_cast<const char*>(data), size});
  Vocab vocab;
  error = {};
  const bool is_vocab = read_tokenizer_vocab(folder.path(), is_json ? config : JsonValue{}, kVocab, vocab, error);
  check_fault(is_vocab, error);
  if (is_vocab) check_vocab(vocab);
  return 0;
}

namespace slackwater {

std::vector<std::string> fuzz_seeds() {
  const std::string sizes = R"("hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":16,"max_position_embeddings":200,"rms_norm_eps":1e-5,)";
  const std::string bpe = R"("type":"BPE","dropout":null,"vocab":{"a":0,"\u0120b":1,"<0x0A>":2,"\u2581c":3},"merges":[["a","a"]])";
  return {
      "{\"model_type\":\"llama\"," + sizes + R"("rope_theta":10000.0,"rope_scaling":null,"tie_word_embeddings":true,"hidden_act":"silu","bos_token_id":1,"eos_token_id":[2,3]})",
      "{\"model_type\":\"llama\"," + sizes + R"("rope_parameters":{"rope_theta":500000,"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":100}})",
      "{\"model_type\":\"qwen2\"," + sizes + R"("use_sliding_window":false,"sliding_window":64,"max_window_layers":2,"rope_theta":1000000.0})",
      "{\"model_type\":\"qwen3\"," + sizes + R"("head_dim":32,"attention_bias":false,"layer_types":["full_attention","full_attention"]})",
      "{\"model_type\":\"gemma3_text\"," + sizes + R"("head_dim":32,"query_pre_attn_scalar":32,"sliding_window":16,"sliding_window_pattern":2,"rope_local_base_freq":10000,"hidden_activation":"gelu_pytorch_tanh","final_logit_softcapping":null})",
      "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":4,\"content\":\"<|im_end|>\",\"special\":true},{\"id\":5,\"content\":\"<x>\",\"special\":false}],\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{" + bpe + "}}",
      "{\"added_tokens\":[],\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}]},\"model\":{" + bpe + "},\"eos_token_id\":1}",
  };
}

std::vector<std::string> fuzz_words() {
  return {"\"model_type\":", "\"llama\"", "\"qwen2\"", "\"qwen3\"", "\"gemma3_text\"", "\"layer_types\":", "\"sliding_attention\"", "\"full_attention\"", "\"rope_scaling\":", "\"rope_type\":", "\"linear\"", "\"yarn\"",
          "\"llama3\"", "\"factor\":", "\"head_dim\":", "\"vocab\":", "\"model\":", "\"added_tokens\":", "\"decoder\":", "\"content\":", "\"id\":", "\"special\":", "\"type\":", "[[[[", "]]]]", "{\"a\":", "}}}}",
          "1e308", "1e999", "-0", "0.0", "-1", "16777216", "16777217", "9007199254740993", "18446744073709551616", "null", "true", "\\u0000", "\\ud83d\\ude00", "\xff"};
}

}  // namespace slackwater
