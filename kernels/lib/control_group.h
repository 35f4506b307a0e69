#pragma once

#include <string>
#include <vector>

namespace slackwater {

/// A control group that this process is in, as a line of /proc/self/cgroup names it.
struct ControlGroup {
  int version = 2;
  std::string controllers;  // ",cpu,cpuacct," of version 1
  std::string path;         // "/user.slice"

  /// Whether it may limit `controller`; a group of version 2 may limit anything.
  bool has(const std::string& controller) const { return version == 2 || controllers.find("," + controller + ",") != std::string::npos; }
};

/// None where nothing says it. `root` is "/" but for tests.
std::vector<ControlGroup> control_groups(const std::string& root);

}  // namespace slackwater
