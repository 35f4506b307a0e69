#pragma once

#include "gemm.h"

namespace slackwater {

/// Fewest rows that are multiplied on tiles: a whole tile of them. Not tuned on hardware: tiles may pay from fewer on.
constexpr int32_t kTileRowsMin = 16;

/// Whether `gemm` gives the bits of gemm_packed_ref in a small awkward case of kPlanes and one of kBytes: ragged rows, a
/// ragged panel, several blocks of inputs, bytes of every sign. A few milliseconds; asked once before tiles are trusted.
bool gemm_agrees(Status (*gemm)(const GemmArgs& args));

}  // namespace slackwater
