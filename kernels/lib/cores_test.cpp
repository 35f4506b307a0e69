// How many threads a machine, or a part of one, is good for.
#include "cores.h"

#include "check.h"

#if defined(__linux__)
#include <sched.h>
#endif

using namespace slackwater;

int main() {
  CHECK(parse_cpu_max("200000 100000") == 2, "a quota of two cores is read as %d", parse_cpu_max("200000 100000"));
  CHECK(parse_cpu_max("150000 100000") == 2, "one and a half are rounded up");
  CHECK(parse_cpu_max("1000 100000") == 1, "a hundredth is one");
  for (const char* none : {"max 100000", "", "-1 100000", "100000", "x y", "100000 0"}) CHECK(parse_cpu_max(none) == 0, "'%s' is no limit", none);
  CHECK(auto_threads(1) == 1 && auto_threads(2) == 2 && auto_threads(4) == 4 && auto_threads(8) == 7, "auto");
  const int cores = available_cores();
  CHECK(cores >= 1 && cores <= 4096, "%d cores", cores);
#if defined(__linux__)
  cpu_set_t all, one;
  CHECK(sched_getaffinity(0, sizeof all, &all) == 0, "the affinity cannot be read");
  CPU_ZERO(&one);
  for (int core = 0; CPU_COUNT(&one) == 0; ++core) {
    if (CPU_ISSET(core, &all)) CPU_SET(core, &one);
  }
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "the affinity cannot be set");
  CHECK(available_cores() == 1, "a process bound to one core counts %d", available_cores());
#endif
  std::puts("cores: ok");
}
