#include "../../lib/vec.h"
#include "attention.h"

namespace slackwater {
namespace SLACKWATER_ISA {

Status kv_write_cpu(const KvWriteArgs& args) {
  const int32_t head_dim = args.layer.head_dim;
  if (head_dim % kHeadDimStep != 0) return Status::kUnsupported;
  for (int32_t row = 0; row < args.rows; ++row) {
    const int32_t block = args.blocks[(args.start + row) / kKvBlockTokens], slot = (args.start + row) % kKvBlockTokens;
    for (int32_t head = 0; head < args.layer.kv_heads; ++head) {
      const float* key = args.keys + static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * head_dim;
      const float* value = args.values + static_cast<size_t>(row) * args.stride + static_cast<size_t>(head) * head_dim;
      half* keys = args.layer.keys(block, head) + slot;
      half* values = args.layer.values(block, head) + static_cast<size_t>(slot) * head_dim;
      half rounded[kLanes];
      for (int32_t d = 0; d < head_dim; d += kLanes) {
        store_halves(values + d, load(value + d));
        store_halves(rounded, load(key + d));
        for (int32_t i = 0; i < kLanes; ++i) keys[static_cast<size_t>(d + i) * kKvBlockTokens] = rounded[i];
      }
    }
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
