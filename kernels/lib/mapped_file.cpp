#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace slackwater {

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

bool MappedFile::open(const std::string& path, Error& error) {
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
  if (info.st_size == 0) return true;
  if (base == MAP_FAILED) return fail(std::string("cannot be mapped: ") + std::strerror(map_errno));
  data_ = static_cast<const std::byte*>(base);
  size_ = static_cast<size_t>(info.st_size);
  return true;
}

}  // namespace slackwater
