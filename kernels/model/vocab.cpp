#include "vocab.h"

#include <algorithm>
#include <cstring>

#include "token_text.h"

namespace slackwater {
namespace {

constexpr int kTypeControl = 3;
constexpr int kTypeUserDefined = 4;
constexpr int kTypeByte = 6;

/// Type of each token; all ordinary when the file does not say.
bool read_types(const GgufFile& file, size_t count, std::vector<int32_t>& types, Error& error) {
  types.assign(count, 1);
  const GgufValue* value = file.find("tokenizer.ggml.token_type");
  if (value == nullptr) return true;
  if (value->type != GgufType::kArray || value->element != GgufType::kI32 || value->count != count) {
    error.set(kModelInvalid, "tokenizer.ggml.token_type has " + std::to_string(value->count) + " entries for " + std::to_string(count) + " tokens");
    return false;
  }
  std::memcpy(types.data(), value->elements, count * sizeof(int32_t));
  return true;
}

/// True when the key is absent. False, with `error`, when it names no token.
bool read_token_id(const GgufFile& file, const char* key, size_t count, int32_t& token, Error& error) {
  int64_t id = -1;
  token = -1;
  if (file.find(key) == nullptr) return true;
  if (!file.find_integer(key, id) || id < 0 || static_cast<uint64_t>(id) >= count) {
    error.set(kModelInvalid, std::string(key) + " is " + std::to_string(id) + "; the vocabulary has " + std::to_string(count) + " tokens");
    return false;
  }
  token = static_cast<int32_t>(id);
  return true;
}

bool read_special_ids(const GgufFile& file, const GgufValue& tokens, Vocab& vocab, Error& error) {
  const size_t count = tokens.texts.size();
  if (!read_token_id(file, "tokenizer.ggml.bos_token_id", count, vocab.bos_token, error)) return false;
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    int32_t token;
    if (!read_token_id(file, key, count, token, error)) return false;
    if (token >= 0) vocab.eos_tokens.push_back(token);
  }
  for (size_t id = 0; id < count; ++id) {
    if (vocab.is_special[id] && ends_generation(tokens.texts[id])) vocab.eos_tokens.push_back(static_cast<int32_t>(id));
  }
  sort_unique(vocab.eos_tokens);
  return true;
}

}  // namespace

bool read_vocab(const GgufFile& file, Vocab& vocab, Error& error) {
  const std::string_view* kind = file.find_text("tokenizer.ggml.model");
  const GgufValue* tokens = file.find("tokenizer.ggml.tokens");
  if (kind == nullptr || tokens == nullptr || tokens->type != GgufType::kArray || tokens->element != GgufType::kString) {
    error.set(kModelInvalid, "the file has no vocabulary (tokenizer.ggml.model, tokenizer.ggml.tokens)");
    return false;
  }
  if (*kind != "gpt2" && *kind != "llama") {
    error.set(kModelUnsupported, "tokeniser '" + std::string(*kind) + "'; known: gpt2, llama");
    return false;
  }
  const size_t count = tokens->texts.size();
  std::vector<int32_t> types;
  if (!read_types(file, count, types, error)) return false;
  vocab = Vocab{};
  vocab.bytes.resize(count);
  vocab.is_special.resize(count);
  for (size_t id = 0; id < count; ++id) {
    const std::string_view text = tokens->texts[id];
    vocab.is_special[id] = types[id] == kTypeControl;
    const bool is_piece = *kind == "llama" && types[id] != kTypeControl;  // Gemma's runs of spaces are user-defined, and pieces all the same.
    const bool is_plain = types[id] == kTypeControl || types[id] == kTypeUserDefined;
    if (is_piece) {
      decode_sentence_piece(text, types[id] == kTypeByte, vocab.bytes[id]);
    } else if (is_plain || !decode_byte_level(text, vocab.bytes[id])) {
      vocab.bytes[id] = text;  // Also an added token that was never marked as one: its text is what it says.
    }
  }
  return read_special_ids(file, *tokens, vocab, error);
}

}  // namespace slackwater
