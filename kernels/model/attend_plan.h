#pragma once

#include <vector>

#include "../lib/buffer.h"
#include "../ops/attention/attention.h"
#include "backend.h"

namespace slackwater {

/// Floats of partials that one plan may need (64 MiB), for all its sequences.
constexpr size_t kPartialsMax = size_t{1} << 24;
/// Bytes of partials of any iteration of `rows` rows in `windows` kinds of layer, at most.
size_t partials_bytes_max(const ModelShape& shape, size_t rows, size_t windows);

/// Which rows attend to which segments together, for the layers of one window. Pure bookkeeping: no KV is read.
///
/// A sequence with many new rows is cut into items of rows, each of which takes all its segments. One with few is cut
/// by segment, so that several threads share a long one, and sequences whose tables name the same blocks (forks, a
/// common system prompt) are in one item there, which reads these blocks once. What no longer fits into the partials is taken whole. The bits are the same either way.
class AttendPlan {
 public:
  /// Rows [part, part + parts) of `parts()` over segments [segment_begin, segment_end), for each kv head.
  struct Item {
    int32_t part;
    int32_t parts;
    int32_t segment_begin;
    int32_t segment_end;
    int64_t cost;  // (row, key) pairs
  };

  /// `order`: the batch's sequences so that those with equal beginnings of their tables are neighbours.
  void build(const Batch& batch, const std::vector<int32_t>& order, const ModelShape& shape, int threads, int32_t window, size_t partials_max = kPartialsMax);

  int32_t window() const { return window_; }
  const std::vector<AttentionRows>& parts() const { return parts_; }
  /// The costliest first, so that the threads end together.
  const std::vector<Item>& items() const { return items_; }
  /// Rows whose partials are to be merged once all items are done.
  const std::vector<AttentionRows>& merges() const { return merges_; }

 private:
  void add_whole(const SequenceView& view, int32_t tokens);
  void add_split(const SequenceView& view);
  void place_partials();
  void group_segment(int32_t segment);
  void add_part(const AttentionRows& rows, int32_t segment_begin, int32_t segment_end, bool joins);

  ModelShape shape_{};
  int32_t window_ = 0;
  int32_t item_tokens_ = 0;
  std::vector<AttentionRows> parts_;
  std::vector<Item> items_;
  std::vector<AttentionRows> split_;   // cut by segment, in order
  std::vector<AttentionRows> merges_;
  Buffer<float> partials_;
};

/// Sequences in lexicographic order of their tables' used part, so that those with equal beginnings are neighbours.
/// Reuses the memory of `order`.
void order_by_blocks(const Batch& batch, std::vector<int32_t>& order);

}  // namespace slackwater
