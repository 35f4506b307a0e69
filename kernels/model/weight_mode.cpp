#include "weight_mode.h"

#include <cstring>
#include <initializer_list>

namespace slackwater {

const char* weight_mode_name(WeightMode mode) {
  switch (mode) {
    case WeightMode::kExact: return "exact";
    case WeightMode::kCompact: return "compact";
    case WeightMode::kFast: return "fast";
    case WeightMode::kAuto: break;
  }
  return "auto";
}

bool find_weight_mode(const char* name, WeightMode& mode) {
  for (const WeightMode candidate : {WeightMode::kAuto, WeightMode::kExact, WeightMode::kCompact, WeightMode::kFast}) {
    if (std::strcmp(name, weight_mode_name(candidate)) != 0) continue;
    mode = candidate;
    return true;
  }
  return false;
}

}  // namespace slackwater
