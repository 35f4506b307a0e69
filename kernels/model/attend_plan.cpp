#include "attend_plan.h"

#include <algorithm>
#include <cstdint>

namespace slackwater {
namespace {

/// Items per thread that let the threads end together.
constexpr int32_t kItemsPerThread = 4;
/// An item of many rows keeps at least this many rows of work: they share the conversion of a block.
constexpr int32_t kWholeRows = 48;

int32_t blocks_of(const SequenceView& view) { return (view.start + view.rows + kKvBlockTokens - 1) / kKvBlockTokens; }

/// Segments [begin, end) that any of the rows sees.
struct Segments {
  int32_t begin, end;
};
Segments segments_of(int32_t start, int32_t rows, int32_t window) {
  const int32_t seen = window > 0 ? std::max(0, start - window + 1) : 0;
  return {seen / kSegmentTokens, (start + rows + kSegmentTokens - 1) / kSegmentTokens};
}

/// Keys that the rows see in the segments, one row like the last: a measure, not a count.
int64_t cost_of(const AttentionRows& rows, int32_t segment_begin, int32_t segment_end, int32_t window) {
  const int64_t last = rows.start + rows.rows, first = window > 0 ? std::max<int64_t>(0, last - window) : 0;
  const int64_t begin = std::max<int64_t>(first, int64_t{segment_begin} * kSegmentTokens), end = std::min<int64_t>(last, int64_t{segment_end} * kSegmentTokens);
  return std::max<int64_t>(1, end - begin) * rows.rows;
}

/// Floats of partials; rows that see one segment only need none.
size_t partials_of(const ModelShape& shape, int32_t rows, int32_t segments) {
  return segments > 1 ? static_cast<size_t>(rows) * static_cast<size_t>(shape.heads) * static_cast<size_t>(segments) * partial_size(shape.head_dim) : 0;
}

}  // namespace

size_t partials_bytes_max(const ModelShape& shape, size_t rows, size_t windows) {
  const int32_t segments = (shape.context_length + kSegmentTokens - 1) / kSegmentTokens;
  const size_t of_row = partials_of(shape, 1, segments);
  const size_t all = of_row == 0 || rows <= kPartialsMax / of_row ? rows * of_row : kPartialsMax;
  return windows * all * sizeof(float);
}

void order_by_blocks(const Batch& batch, std::vector<int32_t>& order) {
  order.clear();
  for (int32_t i = 0; i < batch.sequences; ++i) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const SequenceView &left = batch.views[a], &right = batch.views[b];
    const int32_t common = std::min(blocks_of(left), blocks_of(right));
    const auto [l, r] = std::mismatch(left.blocks, left.blocks + common, right.blocks);
    if (l != left.blocks + common) return *l < *r;
    return blocks_of(left) != blocks_of(right) ? blocks_of(left) < blocks_of(right) : a < b;
  });
}

void AttendPlan::build(const Batch& batch, const std::vector<int32_t>& order, const ModelShape& shape, int threads, int32_t window, size_t partials_max) {
  shape_ = shape;
  window_ = window;
  const int32_t group = shape.heads / shape.kv_heads;
  item_tokens_ = attention_tokens(group);
  parts_.clear();
  items_.clear();
  split_.clear();
  merges_.clear();
  const int64_t items_wanted = int64_t{kItemsPerThread} * threads;
  const int32_t tokens_min = std::min(item_tokens_, (kWholeRows + group - 1) / group);
  int32_t segments = 0;
  size_t partials_left = partials_max;
  for (const int32_t index : order) {
    const SequenceView& view = batch.views[index];
    const Segments seen = segments_of(view.start, view.rows, window);
    const auto fair = static_cast<int32_t>((int64_t{view.rows} * shape.kv_heads + items_wanted - 1) / items_wanted);
    const size_t partials = partials_of(shape, view.rows, seen.end - seen.begin);
    if (fair >= tokens_min || partials > partials_left) {
      add_whole(view, std::clamp(fair, tokens_min, item_tokens_));
    } else {
      add_split(view);
      partials_left -= partials;
      segments = std::max(segments, seen.end);
    }
  }
  place_partials();
  for (int32_t segment = 0; segment < segments; ++segment) group_segment(segment);
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.cost != b.cost ? a.cost > b.cost : a.part < b.part; });
}

/// Items of nearly equal size, of at most `tokens`, over all segments.
void AttendPlan::add_whole(const SequenceView& view, int32_t tokens) {
  const int32_t count = (view.rows + tokens - 1) / tokens;
  for (int32_t i = 0; i < count; ++i) {
    const auto first = static_cast<int32_t>(int64_t{view.rows} * i / count), next = static_cast<int32_t>(int64_t{view.rows} * (i + 1) / count);
    const AttentionRows rows{view.blocks, view.start + first, next - first, view.first_row + first, nullptr, 0, 0};
    const Segments seen = segments_of(rows.start, rows.rows, window_);
    add_part(rows, seen.begin, seen.end, false);
  }
}

void AttendPlan::add_split(const SequenceView& view) {
  for (int32_t first = 0; first < view.rows; first += item_tokens_) {
    AttentionRows rows{view.blocks, view.start + first, std::min(item_tokens_, view.rows - first), view.first_row + first, nullptr, 0, 0};
    const Segments seen = segments_of(rows.start, rows.rows, window_);
    rows.segment = seen.begin;
    rows.segments = seen.end - seen.begin;
    split_.push_back(rows);
  }
}

void AttendPlan::place_partials() {
  const auto size_of = [&](const AttentionRows& rows) { return partials_of(shape_, rows.rows, rows.segments); };
  size_t size = 0;
  for (const AttentionRows& rows : split_) size += size_of(rows);
  partials_.reserve(size);
  float* at = partials_.data();
  for (AttentionRows& rows : split_) {
    if (rows.segments <= 1) continue;
    rows.partials = at;
    at += size_of(rows);
    merges_.push_back(rows);
  }
}

/// Items of those neighbours in `split_` whose tables agree where the segment begins. They may part within it.
void AttendPlan::group_segment(int32_t segment) {
  const int32_t block = segment * (kSegmentTokens / kKvBlockTokens);
  const int32_t* before = nullptr;
  for (const AttentionRows& rows : split_) {
    if (segment < rows.segment || segment >= rows.segment + rows.segments) continue;
    add_part(rows, segment, segment + 1, before != nullptr && before[block] == rows.blocks[block]);
    before = rows.blocks;
  }
}

void AttendPlan::add_part(const AttentionRows& rows, int32_t segment_begin, int32_t segment_end, bool joins) {
  const int64_t cost = cost_of(rows, segment_begin, segment_end, window_);
  if (joins) {
    Item& item = items_.back();
    int32_t tokens = rows.rows;
    for (int32_t i = 0; i < item.parts; ++i) tokens += parts_[static_cast<size_t>(item.part + i)].rows;
    if (tokens <= item_tokens_) {
      parts_.push_back(rows);
      item.parts += 1;
      item.cost += cost;
      return;
    }
  }
  items_.push_back({static_cast<int32_t>(parts_.size()), 1, segment_begin, segment_end, cost});
  parts_.push_back(rows);
}

}  // namespace slackwater
