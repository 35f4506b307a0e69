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

#include "control_group.h"

namespace slackwater {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Cores of the quota of the group in `folder`, of either version; 0: none.
int quota_of_group(const std::string& folder) {
  if (const std::string line = first_line(folder + "/cpu.max"); !line.empty()) return parse_cpu_max(line);
  return parse_cpu_max(first_line(folder + "/cpu.cfs_quota_us") + " " + first_line(folder + "/cpu.cfs_period_us"));
}

/// The least of two quotas, of which 0 is none.
int least_quota(int a, int b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

}  // namespace

int parse_cpu_max(const std::string& text) {
  std::istringstream words(text);
  double quota = 0, period = 0;
  if (!(words >> quota >> period) || !(quota > 0) || !(period > 0)) return 0;  // "max 100000"
  return static_cast<int>(std::min(4096.0, std::ceil(quota / period)));
}

int quota_cores(const std::string& root) {
  // In a container its own group is mounted as the root, whatever /proc/self/cgroup calls it.
  const std::string version2 = root + "/sys/fs/cgroup", version1 = version2 + "/cpu";
  int least = least_quota(quota_of_group(version2), quota_of_group(version1));
  for (const ControlGroup& group : control_groups(root)) {
    if (!group.has("cpu")) continue;
    const std::string base = group.version == 2 ? version2 : version1;
    for (std::string path = group.path; path.size() > 1; path.erase(path.rfind('/'))) least = least_quota(least, quota_of_group(base + path));
  }
  return least;
}

int available_cores() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) cores = CPU_COUNT(&allowed);
#endif
  if (const int quota = quota_cores("/"); quota > 0) cores = std::min(cores, quota);
  return std::max(cores, 1);
}

}  // namespace slackwater
