#include "isa.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "tiles.h"

namespace slackwater {

namespace {

Isa vector_isa() {
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

/// kAmx where the tiles of gemm_amx.cpp are in this build and on this machine.
Isa with_tiles(Isa vectors) {
#if defined(SLACKWATER_TILES)
  if (vectors == Isa::kAvx512 && has_tiles()) return Isa::kAmx;
#endif
  return vectors;
}

/// The machine's level, or the lower one that SLACKWATER_ISA asks for.
Isa choose_isa() {
  const Isa vectors = vector_isa();
  const char* wanted = std::getenv("SLACKWATER_ISA");
  if (wanted == nullptr || *wanted == '\0') return with_tiles(vectors);
  for (int level = 0; level <= static_cast<int>(vectors); ++level) {
    if (std::strcmp(wanted, isa_name(static_cast<Isa>(level))) == 0) return static_cast<Isa>(level);
  }
  const Isa best = with_tiles(vectors);
  if (std::strcmp(wanted, isa_name(best)) == 0) return best;
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
    case Isa::kAmx: return "amx";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx2: return "avx2";
    case Isa::kScalar: break;
  }
  return "scalar";
}

const char* isa_numerics(Isa isa) { return isa_name(isa == Isa::kAmx ? Isa::kAvx512 : isa); }

bool find_isa(const char* name, Isa& isa) {
  const Isa best = best_isa();
  if (std::strcmp(name, "auto") == 0) {
    isa = best;
    return true;
  }
  for (const Isa level : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
    if (std::strcmp(name, isa_name(level)) != 0) continue;
    if (level > best) return false;
    isa = level;
    return true;
  }
  return false;
}

}  // namespace slackwater
