#pragma once

#include <cstdint>

namespace slackwater {

/// How the linear layers keep their weights and multiply. Each is a numeric path of its own, the same for every batch
/// size, and part of the numerics id. kAuto: kCompact when the file's linear weights are 4-bit blocks and the linear layers
/// do not run on tiles (Isa::kAmx), else kExact.
enum class WeightMode { kAuto, kExact, kCompact, kFast };

/// "auto", "exact", "compact", "fast".
const char* weight_mode_name(WeightMode mode);

/// False when there is no mode of that name.
bool find_weight_mode(const char* name, WeightMode& mode);

}  // namespace slackwater
