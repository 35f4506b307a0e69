#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace slackwater {

/// Memory for `size` values of a plain type: aligned to a cache line, large pages asked for when it spans several.
/// Not initialised. Throws std::bad_alloc when there is no memory.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t size) : size_(size) {
    if (size == 0) return;
    constexpr size_t kLargePage = size_t{2} << 20;
    const size_t alignment = size * sizeof(T) >= 2 * kLargePage ? kLargePage : 64;
    const size_t bytes = (size * sizeof(T) + alignment - 1) / alignment * alignment;
    data_ = static_cast<T*>(std::aligned_alloc(alignment, bytes));
    if (data_ == nullptr) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
    if (alignment == kLargePage) ::madvise(data_, bytes, MADV_HUGEPAGE);
#endif
  }
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() const { return data_; }
  size_t size() const { return size_; }
  /// Grows, losing the content, when it is smaller than `size`.
  void reserve(size_t size) {
    if (size > size_) *this = Buffer(size);
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace slackwater
