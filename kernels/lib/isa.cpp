#include "isa.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace slackwater {

namespace {

Isa machine_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
    return Isa::kAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return Isa::kAvx2;
#endif
  return Isa::kScalar;
}

/// The machine's level, or the lower one that SLACKWATER_ISA asks for.
Isa choose_isa() {
  const Isa best = machine_isa();
  const char* wanted = std::getenv("SLACKWATER_ISA");
  if (wanted == nullptr || *wanted == '\0') return best;
  for (int level = 0; level <= static_cast<int>(best); ++level) {
    if (std::strcmp(wanted, isa_name(static_cast<Isa>(level))) == 0) return static_cast<Isa>(level);
  }
  std::fprintf(stderr, "SLACKWATER_ISA is %s, which is not known or not here; %s is used\n", wanted, isa_name(best));
  return best;
}

}  // namespace

Isa best_isa() {
  static const Isa isa = choose_isa();
  return isa;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx2: return "avx2";
    case Isa::kScalar: break;
  }
  return "scalar";
}

bool find_isa(const char* name, Isa& isa) {
  const Isa best = best_isa();
  if (std::strcmp(name, "auto") == 0) {
    isa = best;
    return true;
  }
  for (const Isa level : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (std::strcmp(name, isa_name(level)) != 0) continue;
    if (level > best) return false;
    isa = level;
    return true;
  }
  return false;
}

}  // namespace slackwater
