// The table of the level that this file is compiled for.
#include "../cpu_ops.h"

namespace slackwater {
namespace SLACKWATER_ISA {

Status rmsnorm_cpu(const RmsnormArgs& args);
Status gemm_cpu(const GemmArgs& args);
Status rope_cpu(const RopeArgs& args);
Status kv_write_cpu(const KvWriteArgs& args);
Status attention_cpu(const AttentionArgs& args);
Status attention_merge_cpu(const AttentionMergeArgs& args);
Status glu_cpu(const GluArgs& args);
Status heads_cpu(const HeadsArgs& args);
Status quantize_cpu(const QuantizeArgs& args);
Status rmsnorm_quantize_cpu(const RmsnormQuantizeArgs& args);
Status glu_quantize_cpu(const GluQuantizeArgs& args);

extern const CpuOps cpu_ops;
const CpuOps cpu_ops = {
#if defined(SLACKWATER_ISA_avx512)
    Isa::kAvx512,
#elif defined(SLACKWATER_ISA_avx2)
    Isa::kAvx2,
#else
    Isa::kScalar,
#endif
    rmsnorm_cpu, gemm_cpu, rope_cpu, kv_write_cpu, attention_cpu, attention_merge_cpu, glu_cpu, heads_cpu, quantize_cpu, rmsnorm_quantize_cpu, glu_quantize_cpu};

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
