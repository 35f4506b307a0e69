#include "memory.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "control_group.h"

namespace slackwater {
namespace {

/// The number in a file of one number; SIZE_MAX for "max", or when there is none.
size_t number_in(const std::string& path) {
  std::ifstream file(path);
  unsigned long long value = 0;
  return file >> value ? static_cast<size_t>(value) : SIZE_MAX;
}

/// The number behind `name` in a file of lines "name 123"; `fallback` when there is none.
size_t number_after(const std::string& path, const std::string& name, size_t fallback) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    unsigned long long value = 0;
    if (words >> word >> value && word == name) return static_cast<size_t>(value);
  }
  return fallback;
}

struct GroupFiles {
  const char *limit, *usage;
  /// What the kernel takes back before it refuses memory to the group. Pages that were read twice are `active`, and yet only copies;
  /// those of a tmpfs are in neither list.
  std::array<const char*, 3> cached;
};
constexpr GroupFiles kVersion2 = {"memory.max", "memory.current", {"inactive_file", "active_file", "slab_reclaimable"}};
constexpr GroupFiles kVersion1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file", ""}};  // It does not tell its slabs.

size_t left_in_group(const std::string& folder, const GroupFiles& files) {
  const size_t limit = number_in(folder + "/" + files.limit), usage = number_in(folder + "/" + files.usage);
  if (limit == SIZE_MAX || usage == SIZE_MAX) return SIZE_MAX;
  size_t used = usage;
  for (const char* cached : files.cached) used -= std::min(used, number_after(folder + "/memory.stat", cached, 0));
  return limit - std::min(limit, used);
}

/// The least that the group at `path` and those above it leave.
size_t left_in_groups(const std::string& base, std::string path, const GroupFiles& files) {
  size_t least = left_in_group(base, files);
  while (path.size() > 1) {
    least = std::min(least, left_in_group(base + path, files));
    path.erase(path.rfind('/'));
  }
  return least;
}

}  // namespace

size_t available_memory(const std::string& root) {
  const size_t machine_kib = number_after(root + "/proc/meminfo", "MemAvailable:", SIZE_MAX / 1024);
  size_t least = machine_kib == SIZE_MAX / 1024 ? SIZE_MAX : machine_kib * 1024;
  for (const ControlGroup& group : control_groups(root)) {
    if (!group.has("memory")) continue;
    const bool is_2 = group.version == 2;
    least = std::min(least, left_in_groups(root + (is_2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"), group.path, is_2 ? kVersion2 : kVersion1));
  }
  return least;
}

std::string size_text(size_t bytes) {
  char text[32];
  const auto size = static_cast<double>(bytes);
  if (size >= 1e9) std::snprintf(text, sizeof text, "%.2f GB", size / 1e9);
  else std::snprintf(text, sizeof text, "%.1f MB", size / 1e6);
  return text;
}

}  // namespace slackwater
