#pragma once

// For tests: a system that has no room for another thread.

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"

namespace slackwater {

/// While it lives, three more threads can be made: each asks for a stack of 1 GiB, and the process may grow by 3.5.
/// `works()` is false where the C library has no way to ask for that.
class FewThreads {
 public:
#if defined(__GLIBC__)
  FewThreads() {
    CHECK(pthread_getattr_default_np(&stack_) == 0 && getrlimit(RLIMIT_AS, &space_) == 0, "the defaults cannot be read");
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, size_t{1} << 30);
    rlimit tight = space_;
    tight.rlim_cur = used_bytes() + (size_t{7} << 29);
    CHECK(pthread_setattr_default_np(&huge) == 0 && setrlimit(RLIMIT_AS, &tight) == 0, "the defaults cannot be set");
    pthread_attr_destroy(&huge);
  }
  ~FewThreads() {
    setrlimit(RLIMIT_AS, &space_);
    pthread_setattr_default_np(&stack_);
    pthread_attr_destroy(&stack_);
  }
  static constexpr bool works() { return true; }

 private:
  static size_t used_bytes() {
    unsigned long pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    CHECK(file != nullptr && std::fscanf(file, "%lu", &pages) == 1, "the size of the process cannot be read");
    std::fclose(file);
    return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  }

  pthread_attr_t stack_;
  rlimit space_;
#else
  static constexpr bool works() { return false; }
#endif
};

}  // namespace slackwater
