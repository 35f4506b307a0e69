#include "control_group.h"

#include <fstream>

namespace slackwater {

std::vector<ControlGroup> control_groups(const std::string& root) {
  std::vector<ControlGroup> groups;
  // "0::/user.slice" of version 2, "5:cpu,memory:/docker/1a2b" of version 1.
  std::ifstream lines(root + "/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    groups.push_back({controllers == ",," ? 2 : 1, controllers, line.substr(second + 1)});
  }
  return groups;
}

}  // namespace slackwater
