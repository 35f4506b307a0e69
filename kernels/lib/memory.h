#pragma once

#include <cstddef>
#include <string>

namespace slackwater {

/// Bytes that this process can still use without another one being pushed out: MemAvailable of the machine, and what its control
/// groups (version 2 or 1, from its own up to the root) leave of their limits, the least of them; page cache counts as free. SIZE_MAX
/// where nothing says it. `root` is "/" but for tests.
size_t available_memory(const std::string& root = "/");

/// "94.4 MB", "1.07 GB".
std::string size_text(size_t bytes);

}  // namespace slackwater
