#pragma once

// What attention keeps per row of work, within a segment and over all of them. Internal linkage, like lib/vec.h.

#include <cstddef>

#include "../../lib/vec.h"
#include "attention_band.h"

namespace slackwater {
namespace SLACKWATER_ISA {
namespace {

/// Of up to kAttentionRows rows; kNothing as base and 0 elsewhere while no key was seen.
struct State {
  float* sums;    // [rows, head_dim] weighted sums of values
  float* totals;  // [rows, kLanes] sums of weights, by lane
  float* bases;   // [rows]

  void clear(int32_t rows, int32_t head_dim) const {
    for (size_t i = 0; i < static_cast<size_t>(rows) * head_dim; i += kLanes) store(sums + i, Vec{});
    for (int32_t i = 0; i < rows; ++i) {
      store(totals + i * kLanes, Vec{});
      bases[i] = kNothing;
    }
  }
};

/// One row's result, of a segment or of several in ascending order.
struct Result {
  float* sums;  // [head_dim]
  float total;
  float base;
};

inline Result result_of(const State& state, int32_t row, int32_t head_dim) {
  return {state.sums + static_cast<size_t>(row) * head_dim, sum_lanes(load(state.totals + row * kLanes)), state.bases[row]};
}

/// `all` with the segment that follows it; either may have seen nothing.
inline void merge(Result& all, const Result& next, int32_t head_dim) {
  if (next.total == 0) return;
  if (all.total == 0) {
    for (int32_t d = 0; d < head_dim; d += kLanes) store(all.sums + d, load(next.sums + d));
    all.total = next.total;
    all.base = next.base;
    return;
  }
  const float base = all.base > next.base ? all.base : next.base;
  const Vec all_scale = exp2_vec(splat(all.base - base)), next_scale = exp2_vec(splat(next.base - base));
  for (int32_t d = 0; d < head_dim; d += kLanes) {
    store(all.sums + d, fmadd(load(next.sums + d), next_scale, load(all.sums + d) * all_scale));
  }
  all.total = first_lane(fmadd(splat(next.total), next_scale, splat(all.total) * all_scale));
  all.base = base;
}

inline void finish(float* out, const Result& all, int32_t head_dim) {
  const Vec inverse = splat(1.0f / all.total);
  for (int32_t d = 0; d < head_dim; d += kLanes) store(out + d, load(all.sums + d) * inverse);
}

/// As a partial keeps it.
inline Result stored_result(float* partial, int32_t head_dim) { return {partial, partial[head_dim], partial[head_dim + 1]}; }
inline void store_result(float* partial, const Result& result, int32_t head_dim) {
  for (int32_t d = 0; d < head_dim; d += kLanes) store(partial + d, load(result.sums + d));
  partial[head_dim] = result.total;
  partial[head_dim + 1] = result.base;
}

}  // namespace
}  // namespace SLACKWATER_ISA
}  // namespace slackwater
