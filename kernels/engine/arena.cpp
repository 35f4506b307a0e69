#include "arena.h"

#include <sys/mman.h>

#include <new>

namespace slackwater {

Arena::Arena(size_t bytes) : bytes_(bytes) {
  if (bytes_ == 0) return;
  void* at = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  madvise(at, bytes_, MADV_HUGEPAGE);  // A block is megabytes read in order; advice only, so its answer does not matter.
  data_ = static_cast<std::byte*>(at);
}

Arena::~Arena() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace slackwater
