#include "gguf.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "gguf_parser.h"

namespace slackwater {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are read as they lie in the file");

std::unique_ptr<GgufFile> GgufFile::open(const std::string& path, Error& error) {
  std::unique_ptr<GgufFile> file(new GgufFile());
  if (!file->map(path, error)) return nullptr;
  if (!GgufParser(*file, error).parse()) {
    error.message = path + ": " + error.message;
    return nullptr;
  }
  return file;
}

GgufFile::~GgufFile() {
  if (base_ != nullptr) ::munmap(const_cast<std::byte*>(base_), size_);
}

bool GgufFile::map(const std::string& path, Error& error) {
  const auto fail = [&](const std::string& what) {
    error.set(kModelUnreadable, path + ": " + what);
    return false;
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(std::strerror(errno));
  struct stat info {};
  const bool is_file = ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
  void* base = MAP_FAILED;
  if (is_file && info.st_size > 0) base = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int map_errno = errno;
  ::close(descriptor);
  if (!is_file) return fail("not a regular file");
  if (info.st_size == 0) {
    error.set(kModelInvalid, path + ": file of 0 bytes; a GGUF header takes 24");
    return false;
  }
  if (base == MAP_FAILED) return fail(std::string("cannot be mapped: ") + std::strerror(map_errno));
  base_ = static_cast<const std::byte*>(base);
  size_ = static_cast<size_t>(info.st_size);
  return true;
}

const GgufTensor* GgufFile::find_tensor(const std::string& name) const {
  const auto found = tensor_index_.find(name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
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
