#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "error.h"

namespace slackwater {

/// A regular file, mapped read-only for as long as this lives. The file must not be cut meanwhile: reading a mapping
/// past its file's end ends the process.
class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  /// False, and `error` set to model_unreadable with the path and what the file system said. A file of 0 bytes opens,
  /// with null data.
  bool open(const std::string& path, Error& error);

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace slackwater
