#pragma once

#include <cstdint>

namespace slackwater {

/// What an operation can answer. Shapes are checked once, before any work is done.
enum class Status : int32_t { kOk = 0, kBadShape = 1, kUnsupported = 2, kOutOfMemory = 3 };

}  // namespace slackwater
