#pragma once

#include "../../lib/status.h"

namespace slackwater {

/// Which values of a head are a pair: neighbours, x[2i] and x[2i + 1] (llama-architecture GGUFs, whose q and k rows are
/// permuted for it), or x[i] and x[i + pairs] (all others).
enum class RopeLayout { kPairs, kHalves };

/// Rotary position embedding. For head h of row r, pair i = (a, b), angle (c, s) = table[positions[r]][i]:
///   a <- a * c - b * s,   b <- a * s + b * c
/// Values from 2 * pairs to head_dim stay as they are. Su et al., RoFormer, 2021, section 3.2.
struct RopeArgs {
  float* x;                  // row r begins at x + r * stride, its heads follow each other; in place
  const int32_t* positions;  // [rows], each in [0, table_rows)
  const float* table;        // [table_rows, pairs, 2] cosine and sine
  int32_t rows;              // ≥ 0
  int32_t stride;            // values from row to row, ≥ heads * head_dim
  int32_t heads;             // > 0
  int32_t head_dim;          // ≥ 2 * pairs
  int32_t pairs;             // ≥ 0
  int32_t table_rows;
  RopeLayout layout = RopeLayout::kPairs;
};

/// kBadShape, with nothing written, also when a position is outside the table.
Status check_rope(const RopeArgs& args);

/// The definition, in double. The cpu version is reached through `CpuOps`.
Status rope_ref(const RopeArgs& args);

/// Fills table[0..rows) of `rope`: angle = position * base^(-2i / (2 * pairs)) / factors[i] (`factors` may be null).
/// Frequency and angle are rounded to fp32, as the code that trains these models does: at position 7,000 that moves
/// the fastest pair by up to 2e-4 radians, and the model has learnt it so.
void fill_rope_table(float* table, int32_t rows, int32_t pairs, double base, const float* factors);

}  // namespace slackwater
