#pragma once

#include "../lib/isa.h"
#include "attention/attention.h"
#include "gemm/gemm.h"
#include "glu/glu.h"
#include "heads/heads.h"
#include "quantize/quantize.h"
#include "rmsnorm/rmsnorm.h"
#include "rope/rope.h"

namespace slackwater {

/// The ops of one instruction set. Each `ops/*/*_cpu.cpp` is compiled once per level; this table is how they are
/// reached.
struct CpuOps {
  Isa isa;
  Status (*rmsnorm)(const RmsnormArgs& args);
  Status (*gemm)(const GemmArgs& args);
  Status (*rope)(const RopeArgs& args);
  Status (*kv_write)(const KvWriteArgs& args);
  Status (*attention)(const AttentionArgs& args);
  Status (*attention_merge)(const AttentionMergeArgs& args);
  Status (*glu)(const GluArgs& args);
  Status (*heads)(const HeadsArgs& args);
  Status (*quantize)(const QuantizeArgs& args);
  Status (*rmsnorm_quantize)(const RmsnormQuantizeArgs& args);
  Status (*glu_quantize)(const GluQuantizeArgs& args);
};

/// Null when this build or this machine has no such level. For kAmx the table of kAvx512 where the machine's tiles fail
/// their test, `gemm_agrees` and `attention_agrees`, which the first such call runs.
const CpuOps* find_cpu_ops(Isa isa);

}  // namespace slackwater
