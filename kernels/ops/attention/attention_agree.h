#pragma once

#include "attention.h"

namespace slackwater {

struct CpuOps;

/// Fewest rows of work on one block that are attended on tiles. Not tuned on hardware: splitting a block in bytes costs about what four rows
/// do on vectors.
constexpr int32_t kTileBandMin = 12;

/// Whether `attention` gives the bits that `vectors` does in a small awkward case: two sequences that share blocks, heads of one and a half
/// tiles, ragged rows and blocks. A millisecond; asked once before tiles are trusted.
bool attention_agrees(Status (*attention)(const AttentionArgs& args), const CpuOps& vectors);

}  // namespace slackwater
