#include "cpu_ops.h"

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

const CpuOps* find_cpu_ops(Isa isa) {
  if (isa > best_isa()) return nullptr;
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return &avx512::cpu_ops;
  if (isa == Isa::kAvx2) return &avx2::cpu_ops;
#endif
  return &scalar::cpu_ops;
}

}  // namespace slackwater
