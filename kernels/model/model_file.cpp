#include "model_file.h"

#include <filesystem>

#include "tokenizer_vocab.h"

namespace slackwater {
namespace {

namespace fs = std::filesystem;

constexpr size_t kConfigBytesMax = 16'000'000;

}  // namespace

bool read_json_file(const std::string& path, JsonValue& out, Error& error) {
  MappedFile file;
  if (!file.open(path, error)) return false;
  const auto fail = [&](const char* code, const std::string& message) {
    error.set(code, path + ": " + message);
    return false;
  };
  if (file.size() > kConfigBytesMax) return fail(kModelUnsupported, std::to_string(file.size()) + " bytes of configuration; up to " + std::to_string(kConfigBytesMax) + " are known");
  JsonCursor cursor({reinterpret_cast<const char*>(file.data()), file.size()});
  if (!read_json_value(cursor, out) || !cursor.expect_end()) return fail(kModelInvalid, cursor.fault());
  return out.kind == JsonValue::Kind::kObject || fail(kModelInvalid, "an object is needed, " + out.described() + " was found");
}

std::unique_ptr<ModelFile> ModelFile::open(const std::string& path, Error& error) {
  std::unique_ptr<ModelFile> model(new ModelFile());
  std::error_code unused;  // What cannot be looked at is not there; opening it says why.
  const bool is_hub = fs::is_directory(path, unused) || fs::path(path).extension() == ".safetensors";
  const bool is_open = is_hub ? model->open_safetensors(path, error) : model->open_gguf(path, error);
  return is_open ? std::move(model) : nullptr;
}

bool ModelFile::open_gguf(const std::string& path, Error& error) {
  gguf_ = GgufFile::open(path, error);
  return gguf_ != nullptr && read_gguf_architecture(*gguf_, architecture_, error);
}

bool ModelFile::open_safetensors(const std::string& path, Error& error) {
  std::error_code unused;
  const fs::path folder = fs::is_directory(path, unused) ? fs::path(path) : fs::path(path).parent_path();
  folder_ = folder.string();
  if (!read_json_file((folder / "config.json").string(), config_, error)) return false;
  fs::path named = fs::absolute(folder, unused).lexically_normal();
  if (!named.has_filename()) named = named.parent_path();  // "models/tiny/"
  if (!read_config_architecture(config_, named.filename().string(), architecture_, error)) return false;
  names_ = TensorNames(TensorNames::Style::kHub, architecture_.has_post_norms, architecture_.is_tied);
  safetensors_ = SafetensorsModel::open(path, error);
  return safetensors_ != nullptr;
}

bool ModelFile::read_vocab(Vocab& vocab, Error& error) const {
  return gguf_ != nullptr ? slackwater::read_vocab(*gguf_, vocab, error) : read_tokenizer_vocab(folder_, config_, architecture_.shape.vocab, vocab, error);
}

}  // namespace slackwater
