#pragma once

#include <string>
#include <vector>

#include "../lib/buffer.h"
#include "../lib/refusal.h"
#include "../lib/thread_pool.h"
#include "../ops/cpu_ops.h"
#include "attend_plan.h"

namespace slackwater {

/// One layer's part of an iteration: from its q, k and v to the heads' outputs.
struct AttendLayer {
  float* out;               // [rows, heads * head_dim]
  float* qkv;               // [rows, heads + 2 * kv_heads, head_dim]: q, k, v; q and k are rotated in place
  KvLayer kv;
  const float* rope_table;  // [context_length, rope_pairs, 2], see rope.h
  int32_t rope_pairs;
  float scale;              // of the scores, > 0
  int32_t window;           // positions that a token sees, itself included; 0: all
  RopeLayout rope_layout = RopeLayout::kPairs;
};

/// Rotary embedding, KV write and attention of the cpu backend: the ops that need to know which rows belong to which
/// sequence. Batch-invariant, see attention.h.
class Attend {
 public:
  /// Why heads of this shape are not taken; empty when they are.
  static std::string refusal(const ModelShape& shape);

  /// `ops` and `pool` must outlive it. The shape is one that `refusal` has nothing against.
  Attend(const CpuOps& ops, ThreadPool& pool, const ModelShape& shape, size_t partials_max = kPartialsMax);

  /// Prepares the iteration, for all its layers. The batch has passed check_batch and must stay until then.
  void plan(const Batch& batch);
  /// Rotates q and k and writes k and v into their blocks, then attends. What an op refused, else kOk.
  Status run(const AttendLayer& layer);
  /// The two halves of run.
  Status store(const AttendLayer& layer);
  Status attend(const AttendLayer& layer);

 private:
  /// Neighbouring rows of one sequence that are rotated and stored together.
  struct RowUnit {
    const SequenceView* view;
    int32_t first;  // within the view
    int32_t rows;
  };
  const AttendPlan& plan_of(int32_t window);
  template <class Work>
  Status each(int units, const Work& work);
  int32_t stride() const { return (shape_.heads + 2 * shape_.kv_heads) * shape_.head_dim; }

  const CpuOps& ops_;
  ThreadPool& pool_;
  ModelShape shape_;
  size_t partials_max_;                       // floats, of a plan
  Refusal refusal_;                           // of an op, in one loop over units
  const Batch* batch_ = nullptr;
  std::vector<int32_t> positions_;            // [rows]
  std::vector<int32_t> order_;                // of the batch's sequences, by blocks
  std::vector<AttendPlan> plans_;             // those of this iteration first, by window
  size_t plans_used_ = 0;
  std::vector<RowUnit> units_;
  std::vector<Buffer<std::byte>> scratch_;    // of attention, per thread
};

}  // namespace slackwater
