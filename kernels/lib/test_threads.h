#pragma once

// For tests: a system that has no room for another thread.

#include <pthread.h>

#include "check.h"

namespace slackwater {

/// While it lives, only a few threads can be made, or none: each asks for a stack of a quarter of the address space.
/// False `works()` where the C library has no way to say so.
class FewThreads {
 public:
#if defined(__GLIBC__)
  FewThreads() {
    CHECK(pthread_getattr_default_np(&before_) == 0, "the default of new threads cannot be read");
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, size_t{1} << 45);
    CHECK(pthread_setattr_default_np(&huge) == 0, "the default of new threads cannot be set");
    pthread_attr_destroy(&huge);
  }
  ~FewThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  static constexpr bool works() { return true; }

 private:
  pthread_attr_t before_;
#else
  static constexpr bool works() { return false; }
#endif
};

}  // namespace slackwater
