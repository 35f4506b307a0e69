// How many threads a machine, or a part of one, is good for.
#include "cores.h"

#include <filesystem>

#include "../model/test_safetensors.h"

#if defined(__linux__)
#include <sched.h>
#endif

using namespace slackwater;

namespace {

void check_quotas() {
  const TestFolder folder;
  const auto write = [&](const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder.path() + "/" + path).parent_path());
    folder.write(path, text);
  };
  const auto expect = [&](int wanted, const char* what) { CHECK(quota_cores(folder.path()) == wanted, "%s: %d instead of %d", what, quota_cores(folder.path()), wanted); };
  expect(0, "nothing says it");
  write("proc/self/cgroup", "7:cpu,cpuacct:/x\n5:memory:/y\nnonsense\n0::/system.slice/worker.service\n");
  expect(0, "groups without files");
  write("sys/fs/cgroup/system.slice/worker.service/cpu.max", "max 100000\n");
  expect(0, "a group without a quota");
  write("sys/fs/cgroup/system.slice/cpu.max", "600000 100000\n");
  expect(6, "the group above has one");
  write("sys/fs/cgroup/system.slice/worker.service/cpu.max", "350000 100000\n");
  expect(4, "its own, which is less");
  write("sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "300000\n");
  write("sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/y/cpu.cfs_quota_us", "100000\n");
  write("sys/fs/cgroup/cpu/y/cpu.cfs_period_us", "100000\n");
  expect(3, "version 1, and only the group of its cpu controller");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  expect(3, "version 1 without a quota at the root");
  write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  expect(2, "a container's own");
}

}  // namespace

int main() {
  check_quotas();
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
