#include "gguf.h"

#include <bit>

#include "gguf_parser.h"

namespace slackwater {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are read as they lie in the file");

std::unique_ptr<GgufFile> GgufFile::open(const std::string& path, Error& error) {
  std::unique_ptr<GgufFile> file(new GgufFile());
  if (!file->map_.open(path, error)) return nullptr;
  file->bytes_ = {file->map_.data(), file->map_.size()};
  if (!GgufParser(*file, error).parse()) {
    error.message = path + ": " + error.message;
    return nullptr;
  }
  return file;
}

std::unique_ptr<GgufFile> GgufFile::read(std::span<const std::byte> bytes, Error& error) {
  std::unique_ptr<GgufFile> file(new GgufFile());
  file->bytes_ = bytes;
  return GgufParser(*file, error).parse() ? std::move(file) : nullptr;
}

const GgufValue* GgufFile::find(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

const std::string_view* GgufFile::find_text(const std::string& key) const {
  const GgufValue* value = find(key);
  return value != nullptr && value->type == GgufType::kString ? &value->text : nullptr;
}

bool GgufFile::find_integer(const std::string& key, int64_t& out) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return false;
  switch (value->type) {
    case GgufType::kString: case GgufType::kArray: case GgufType::kF32: case GgufType::kF64: return false;
    case GgufType::kU64:
      if (value->bits > static_cast<uint64_t>(INT64_MAX)) return false;
      break;
    default: break;
  }
  out = static_cast<int64_t>(value->bits);
  return true;
}

bool GgufFile::find_real(const std::string& key, double& out) const {
  const GgufValue* value = find(key);
  if (value == nullptr || (value->type != GgufType::kF32 && value->type != GgufType::kF64)) return false;
  out = value->real;
  return true;
}

}  // namespace slackwater
