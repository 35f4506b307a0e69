#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../lib/error.h"

namespace slackwater {

/// What a loader is told beside the model and its numerics.
struct LoadOptions {
  /// Where packed weights are kept between starts (PackedCache); empty: nowhere.
  std::string packed_folder{};
  /// What the engine will take beside the weights, so that all of it is compared with what is available before any of it is taken.
  size_t hbm_bytes = 0;
  size_t dram_bytes = 0;
  int32_t rows_max = 0;    // of an iteration
  int32_t logits_max = 0;  // rows of an iteration that sample
};

/// What a start will take, in bytes.
struct MemoryNeed {
  size_t weights = 0, hbm = 0, dram = 0, activations = 0;
};

/// False, and `error` set to out_of_memory with all the numbers, when that is more than `available`.
bool check_memory(const MemoryNeed& need, size_t available, Error& error);

}  // namespace slackwater
