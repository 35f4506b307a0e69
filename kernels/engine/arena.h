#pragma once

#include <cstddef>

namespace slackwater {

/// Zeroed, page-aligned memory of a fixed size, given back at the end. Throws std::bad_alloc when the system refuses.
class Arena {
 public:
  explicit Arena(size_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  std::byte* data() { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_;
};

}  // namespace slackwater
