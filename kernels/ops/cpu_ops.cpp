#include "cpu_ops.h"

#if defined(SLACKWATER_TILES)
#include <cstdio>

#include "attention/attention_agree.h"
#include "gemm/gemm_agree.h"
#endif

namespace slackwater {

namespace scalar {
extern const CpuOps cpu_ops;
}
#if defined(__x86_64__)
namespace avx2 {
extern const CpuOps cpu_ops;
}
namespace avx512 {
extern const CpuOps cpu_ops;
}
#endif

#if defined(SLACKWATER_TILES)
namespace amx {
Status gemm_amx(const GemmArgs& args);
Status attention_amx(const AttentionArgs& args);
}

namespace {

/// avx512's ops with gemm and attention on tiles; as they are, and said so, where tiles give other bits than they should.
const CpuOps& tile_ops() {
  static const CpuOps ops = [] {
    CpuOps out = avx512::cpu_ops;
    if (!gemm_agrees(amx::gemm_amx) || !attention_agrees(amx::attention_amx, out)) {
      std::fputs("slackwater: this machine's 8-bit tiles (AMX) multiply wrongly in a test at the start; they are not used\n", stderr);
      return out;
    }
    out.isa = Isa::kAmx;
    out.gemm = amx::gemm_amx;
    out.attention = amx::attention_amx;
    return out;
  }();
  return ops;
}

}  // namespace
#endif

const CpuOps* find_cpu_ops(Isa isa) {
  if (isa > best_isa()) return nullptr;
#if defined(__x86_64__)
#if defined(SLACKWATER_TILES)
  if (isa == Isa::kAmx) return &tile_ops();
#endif
  if (isa == Isa::kAvx512) return &avx512::cpu_ops;
  if (isa == Isa::kAvx2) return &avx2::cpu_ops;
#endif
  return &scalar::cpu_ops;
}

}  // namespace slackwater
