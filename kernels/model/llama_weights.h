#pragma once

#include "llama.h"

namespace slackwater {

/// The numbers of a llama that are not in its shape.
struct LlamaNumbers {
  float norm_eps;
  double rope_base;
  int32_t rope_pairs;  // pairs of a head that are rotated
};

/// False, and `error` set, as read_model_info, which it extends.
bool read_llama_numbers(const GgufFile& file, ModelInfo& info, LlamaNumbers& numbers, Error& error);

}  // namespace slackwater
