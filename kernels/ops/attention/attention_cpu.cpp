#include "attention_item.h"

namespace slackwater {
namespace SLACKWATER_ISA {

Status attention_cpu(const AttentionArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  VectorBlocks blocks;
  attend_item(args, blocks);
  return status;
}

Status attention_merge_cpu(const AttentionMergeArgs& args) {
  for (int32_t i = 0; i < args.count; ++i) {
    const AttentionRows& part = args.parts[i];
    float* partial = part.partials;
    for (int32_t token = 0; token < part.rows; ++token) {
      for (int32_t head = 0; head < args.heads; ++head) {
        Result all = stored_result(partial, args.head_dim);
        for (int32_t segment = 1; segment < part.segments; ++segment) {
          merge(all, stored_result(partial + static_cast<size_t>(segment) * partial_size(args.head_dim), args.head_dim), args.head_dim);
        }
        finish(args.out + static_cast<size_t>(part.first + token) * args.out_stride + static_cast<size_t>(head) * args.head_dim, all, args.head_dim);
        partial += static_cast<size_t>(part.segments) * partial_size(args.head_dim);
      }
    }
  }
  return Status::kOk;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
