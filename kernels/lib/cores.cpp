#include "cores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace slackwater {
namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

int quota_cores() {
  if (const std::string line = first_line("/sys/fs/cgroup/cpu.max"); !line.empty()) return parse_cpu_max(line);
  const std::string quota = first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period = first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  return quota.empty() || quota[0] == '-' ? 0 : parse_cpu_max(quota + " " + period);  // version 1
}

}  // namespace

int parse_cpu_max(const std::string& text) {
  std::istringstream words(text);
  double quota = 0, period = 0;
  if (!(words >> quota >> period) || !(quota > 0) || !(period > 0)) return 0;  // "max 100000"
  return static_cast<int>(std::min(4096.0, std::ceil(quota / period)));
}

int available_cores() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) cores = CPU_COUNT(&allowed);
#endif
  if (const int quota = quota_cores(); quota > 0) cores = std::min(cores, quota);
  return std::max(cores, 1);
}

}  // namespace slackwater
