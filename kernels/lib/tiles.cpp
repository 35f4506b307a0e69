#include "tiles.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace slackwater {

#if defined(__x86_64__) && defined(__linux__)
namespace {

/// What the operating system saves and restores, a bit per kind of register.
uint64_t kept_state() {
  uint32_t a, d;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  return static_cast<uint64_t>(d) << 32 | a;
}

/// Intel's manual, volume 1, "Programming with Intel AMX"; of the permission the kernel's Documentation/arch/x86/xstate.rst.
bool ask_for_tiles() {
  uint32_t a, b, c, d;
  constexpr uint32_t kOsXsave = 1u << 27, kTiles = 1u << 24, kBytes = 1u << 25;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & kOsXsave) == 0) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & kTiles) == 0 || (d & kBytes) == 0) return false;
  constexpr uint64_t kTileConfig = 1u << 17, kTileData = 1u << 18;
  if ((kept_state() & (kTileConfig | kTileData)) != (kTileConfig | kTileData)) return false;
  constexpr long kRequestPermission = 0x1023, kTileDataFeature = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileDataFeature) == 0;
}

}  // namespace

bool has_tiles() {
  static const bool has = ask_for_tiles();
  return has;
}

#else

bool has_tiles() { return false; }

#endif

}  // namespace slackwater
