// What is left is the least of what the machine and the control groups say.
#include "memory.h"

#include <cstdint>
#include <filesystem>

#include "../model/test_safetensors.h"

using namespace slackwater;

namespace {

constexpr const char* kMeminfo = "MemTotal:       2000 kB\nMemFree:         100 kB\nMemAvailable:   1000 kB\n";

class Machine {
 public:
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path() + "/" + path).parent_path());
    folder_.write(path, text);
  }
  size_t left() const { return available_memory(folder_.path()); }

 private:
  TestFolder folder_;
};

void expect(size_t found, size_t wanted, const char* what) { CHECK(found == wanted, "%s: %zu instead of %zu", what, found, wanted); }

void check_machine() {
  Machine machine;
  expect(machine.left(), SIZE_MAX, "nothing says it");
  machine.write("proc/meminfo", kMeminfo);
  expect(machine.left(), 1'024'000, "no control groups");
}

void check_version_2() {
  Machine machine;
  machine.write("proc/meminfo", kMeminfo);
  machine.write("proc/self/cgroup", "0::/a/b\n");
  expect(machine.left(), 1'024'000, "groups without files");
  machine.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  machine.write("sys/fs/cgroup/a/b/memory.current", "500\n");
  expect(machine.left(), 1'024'000, "a group without a limit");
  machine.write("sys/fs/cgroup/a/memory.max", "5000\n");
  machine.write("sys/fs/cgroup/a/memory.current", "3000\n");
  expect(machine.left(), 2000, "the group above has one");
  machine.write("sys/fs/cgroup/a/memory.stat", "anon 1800\ninactive_file 700\nactive_file 300\nslab_reclaimable 200\nslab 900\n");
  expect(machine.left(), 3200, "page cache is given back, however often it was read, and so are the kernel's own caches");
  machine.write("sys/fs/cgroup/memory.max", "100\n");
  machine.write("sys/fs/cgroup/memory.current", "101\n");
  expect(machine.left(), 0, "the container's own, beyond its limit");
}

void check_version_1() {
  Machine machine;
  machine.write("proc/meminfo", kMeminfo);
  machine.write("proc/self/cgroup", "7:cpu,cpuacct:/x\n5:hugetlb,memory:/docker/1\nnonsense\n0::/\n");
  machine.write("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "900000\n");
  machine.write("sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes", "100000\n");
  expect(machine.left(), 800'000, "version 1");
  machine.write("sys/fs/cgroup/memory/docker/1/memory.stat", "inactive_file 9\nactive_file 9\ntotal_inactive_file 50000\ntotal_active_file 30000\n");
  expect(machine.left(), 880'000, "version 1: of the group and those below it");
}

}  // namespace

int main() {
  check_machine();
  check_version_2();
  check_version_1();
  CHECK(available_memory() > (size_t{1} << 20), "this machine: %zu", available_memory());
  CHECK(size_text(94'400'000) == "94.4 MB" && size_text(1'070'000'000) == "1.07 GB", "%s", size_text(94'400'000).c_str());
  std::printf("memory: ok, %s are available here\n", size_text(available_memory()).c_str());
}
