#pragma once

#include <string>

namespace slackwater {

/// Cores this process may use: its affinity mask and its control groups' quota (rounded up), whichever is less; at least 1.
int available_cores();

/// Cores of the least quota (rounded up) of this process's control groups (version 2 or 1, from its own up to the root); 0: no limit.
/// `root` is "/" but for tests.
int quota_cores(const std::string& root);

/// What `threads: auto` means: all of `cores`, but one less from five on, which the JavaScript thread and the copies between
/// the tiers then have to themselves. Of few cores each is worth more to the engine than its disturbance costs.
constexpr int auto_threads(int cores) { return cores <= 4 ? cores : cores - 1; }

/// Cores of a control group's quota as the kernel writes it: "200000 100000" (version 2), rounded up; 0: no limit, or not to be read.
int parse_cpu_max(const std::string& text);

}  // namespace slackwater
