#include "vocab.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace slackwater {
namespace {

constexpr int kTypeControl = 3;
constexpr int kTypeUserDefined = 4;
constexpr int kTypeByte = 6;

/// Control tokens that end a generation wherever they appear, besides those that the file names.
constexpr std::array<std::string_view, 8> kEndings = {"<|endoftext|>", "<|im_end|>", "<|eot_id|>",    "<|eom_id|>",
                                                      "<|end_of_text|>", "<|end|>",  "<end_of_turn>", "</s>"};

/// Byte-level BPE writes each byte as a printable character: the printable bytes as themselves, the other 68
/// as U+0100 onwards in order of value. This is the way back; -1 where a code point stands for no byte.
std::array<int, 324> byte_of_code_point() {
  std::array<int, 324> table;
  table.fill(-1);
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table[static_cast<size_t>(is_printable ? byte : next++)] = byte;
  }
  return table;
}

/// The next code point of well-formed UTF-8 up to U+07FF, enough for the table above; -1 for anything else.
int next_code_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xdf || at >= text.size()) return -1;
  return ((lead & 31) << 6) | (static_cast<unsigned char>(text[at++]) & 63);
}

/// False when the text is not written in the byte-level alphabet.
bool decode_byte_level(std::string_view text, std::string& bytes) {
  static const std::array<int, 324> table = byte_of_code_point();
  for (size_t at = 0; at < text.size();) {
    const int point = next_code_point(text, at);
    if (point < 0 || point >= static_cast<int>(table.size()) || table[static_cast<size_t>(point)] < 0) return false;
    bytes.push_back(static_cast<char>(table[static_cast<size_t>(point)]));
  }
  return true;
}

/// SentencePiece writes a space as U+2581 and a lone byte as "<0xAB>".
void decode_sentence_piece(std::string_view text, bool is_byte, std::string& bytes) {
  unsigned value = 0;
  if (is_byte && text.size() == 6 && std::from_chars(text.data() + 3, text.data() + 5, value, 16).ptr == text.data() + 5) {
    bytes.push_back(static_cast<char>(value));
    return;
  }
  for (size_t at = 0; at < text.size();) {
    const bool is_space = text.substr(at, 3) == "\xe2\x96\x81";
    bytes.push_back(is_space ? ' ' : text[at]);
    at += is_space ? 3 : 1;
  }
}

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
    const bool ends = std::find(kEndings.begin(), kEndings.end(), tokens.texts[id]) != kEndings.end();
    if (vocab.is_special[id] && ends) vocab.eos_tokens.push_back(static_cast<int32_t>(id));
  }
  std::sort(vocab.eos_tokens.begin(), vocab.eos_tokens.end());
  vocab.eos_tokens.erase(std::unique(vocab.eos_tokens.begin(), vocab.eos_tokens.end()), vocab.eos_tokens.end());
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
    const bool is_plain = types[id] == kTypeControl || types[id] == kTypeUserDefined;
    if (is_plain) {
      vocab.bytes[id] = text;
    } else if (*kind == "llama") {
      decode_sentence_piece(text, types[id] == kTypeByte, vocab.bytes[id]);
    } else if (!decode_byte_level(text, vocab.bytes[id])) {
      vocab.bytes[id] = text;  // An added token that was never marked as one: its text is what it says.
    }
  }
  return read_special_ids(file, *tokens, vocab, error);
}

}  // namespace slackwater
