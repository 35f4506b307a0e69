#include "tokenizer_vocab.h"

#include <cstdio>
#include <filesystem>

#include "../lib/mapped_file.h"
#include "model_file.h"
#include "token_text.h"

namespace slackwater {
namespace {

/// What is read of a tokenizer.json, in whatever order its members come.
struct Pieces {
  std::vector<std::pair<std::string, uint64_t>> vocab;
  JsonValue added, decoder;
  std::string type;
};

bool read_model(JsonCursor& cursor, Pieces& pieces) {
  return cursor.each_member([&](const std::string& name) {
    if (name == "type") return cursor.read_text(pieces.type);
    if (name != "vocab" || cursor.next() != '{') return skip_json_value(cursor);  // Unigram's is an array, and refused by its type.
    return cursor.each_member([&](const std::string& piece) {
      uint64_t id = 0;
      if (!cursor.read_count(id)) return false;
      pieces.vocab.emplace_back(piece, id);
      return true;
    });
  });
}

bool read_pieces(const std::string& path, Pieces& pieces, Error& error) {
  MappedFile file;
  if (!file.open(path, error)) return false;
  JsonCursor cursor({reinterpret_cast<const char*>(file.data()), file.size()});
  const bool is_read = cursor.each_member([&](const std::string& name) {
    if (name == "model") return read_model(cursor, pieces);
    if (name == "added_tokens") return read_json_value(cursor, pieces.added);
    if (name == "decoder") return read_json_value(cursor, pieces.decoder);
    return skip_json_value(cursor);
  });
  if (is_read && cursor.expect_end()) return true;
  error.set(kModelInvalid, path + ": " + cursor.fault());
  return false;
}

/// Whether a decoder, or one of a sequence of them, has this type.
bool decodes(const JsonValue& decoder, std::string_view type) {
  const JsonValue* own = decoder.find("type");
  if (own != nullptr && own->is_text(type)) return true;
  const JsonValue* parts = decoder.find("decoders");
  for (size_t i = 0; parts != nullptr && i < parts->elements.size(); ++i) {
    if (decodes(parts->elements[i], type)) return true;
  }
  return false;
}

class Filler {
 public:
  Filler(const std::string& path, const Pieces& pieces, int32_t size, Vocab& vocab, Error& error)
      : path_(path), is_byte_level_(decodes(pieces.decoder, "ByteLevel")), vocab_(vocab), error_(error) {
    vocab_ = Vocab{};
    vocab_.bytes.resize(static_cast<size_t>(size));
    vocab_.is_special.resize(static_cast<size_t>(size));
  }

  bool add(const std::string& piece, uint64_t id) {
    if (!check_id(piece, static_cast<double>(id))) return false;
    std::string& bytes = vocab_.bytes[id];
    const bool is_byte = piece.size() == 6 && piece.rfind("<0x", 0) == 0 && piece[5] == '>';
    if (!bytes.empty()) return fail("token " + std::to_string(id) + " is '" + piece.substr(0, 64) + "' and another one");
    if (!is_byte_level_) decode_sentence_piece(piece, is_byte, bytes);
    else if (!decode_byte_level(piece, bytes)) bytes = piece;
    return true;
  }

  bool add_added(const JsonValue& token) {
    const JsonValue *id = token.find("id"), *content = token.find("content"), *special = token.find("special");
    if (id == nullptr || content == nullptr || content->kind != JsonValue::Kind::kText) return fail("an added token without id or content");
    if (!check_id(content->text, id->number) || id->number != static_cast<double>(static_cast<int64_t>(id->number))) return false;
    const auto at = static_cast<size_t>(id->number);
    vocab_.is_special[at] = special != nullptr && special->truth;
    vocab_.bytes[at].clear();
    if (is_byte_level_ || vocab_.is_special[at] != 0) vocab_.bytes[at] = content->text;
    else decode_sentence_piece(content->text, false, vocab_.bytes[at]);
    if (vocab_.is_special[at] != 0 && ends_generation(content->text)) vocab_.eos_tokens.push_back(static_cast<int32_t>(at));
    return true;
  }

  bool fail(const std::string& message) {
    if (!error_) error_.set(kModelInvalid, path_ + ": " + message);
    return false;
  }

 private:
  bool check_id(const std::string& piece, double id) {
    const auto size = static_cast<double>(vocab_.bytes.size());
    if (id >= 0 && id < size) return true;
    char number[32];  // It may be beyond every whole number.
    std::snprintf(number, sizeof number, "%.15g", id);
    return fail("token '" + piece.substr(0, 64) + "' has id " + number + "; the model has " + std::to_string(vocab_.bytes.size()) + " tokens");
  }

  const std::string& path_;
  const bool is_byte_level_;
  Vocab& vocab_;
  Error& error_;
};

/// One id, or an array of them; appended. Absent: nothing.
bool read_ids(const JsonValue& object, const std::string& path, const char* key, size_t size, std::vector<int32_t>& out, Error& error) {
  const JsonValue* found = object.find(key);
  if (found == nullptr) return true;
  const std::vector<JsonValue> one = found->kind == JsonValue::Kind::kArray ? found->elements : std::vector<JsonValue>{*found};
  for (const JsonValue& id : one) {
    if (id.kind != JsonValue::Kind::kNumber || !id.is_whole || !(id.number >= 0 && id.number < static_cast<double>(size))) {
      error.set(kModelInvalid, path + ": " + key + " is " + id.described() + "; the model has " + std::to_string(size) + " tokens");
      return false;
    }
    out.push_back(static_cast<int32_t>(id.number));
  }
  return true;
}

}  // namespace

bool read_tokenizer_vocab(const std::string& folder, const JsonValue& config, int32_t size, Vocab& vocab, Error& error) {
  namespace fs = std::filesystem;
  const std::string path = (fs::path(folder) / "tokenizer.json").string(), generation_path = (fs::path(folder) / "generation_config.json").string();
  Pieces pieces;
  if (!read_pieces(path, pieces, error)) return false;
  if (pieces.type != "BPE") {
    error.set(kModelUnsupported, path + ": tokeniser '" + pieces.type.substr(0, 64) + "'; known: BPE");
    return false;
  }
  Filler filler(path, pieces, size, vocab, error);
  for (const auto& [piece, id] : pieces.vocab) {
    if (!filler.add(piece, id)) return false;
  }
  for (const JsonValue& token : pieces.added.elements) {
    if (!filler.add_added(token)) return filler.fail("an added token with a broken id");
  }
  const auto count = static_cast<size_t>(size);
  JsonValue generation;
  std::error_code unused;
  if (fs::exists(generation_path, unused) && !read_json_file(generation_path, generation, error)) return false;
  std::vector<int32_t> bos;
  if (!read_ids(config, "config.json", "eos_token_id", count, vocab.eos_tokens, error) || !read_ids(generation, generation_path, "eos_token_id", count, vocab.eos_tokens, error) ||
      !read_ids(config, "config.json", "bos_token_id", count, bos, error)) {
    return false;
  }
  if (!bos.empty()) vocab.bos_token = bos[0];
  sort_unique(vocab.eos_tokens);
  return true;
}

}  // namespace slackwater
