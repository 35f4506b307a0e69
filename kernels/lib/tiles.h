#pragma once

namespace slackwater {

/// Whether this process may multiply 8-bit tiles (AMX-TILE and AMX-INT8): the processor has them, the operating system keeps
/// their 8 KiB of state when threads change, and it granted this process, and with it every thread, their use. Asked once.
/// False on anything but Linux on x86-64.
bool has_tiles();

}  // namespace slackwater
