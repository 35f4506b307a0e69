#pragma once

#include <cstddef>

#include "../../lib/status.h"
#include "../../lib/tensor_format.h"

namespace slackwater {

/// out[r, :] = table[tokens[r], :], dequantised from the format of the file.
struct EmbeddingArgs {
  float* out;              // [rows, cols]
  const std::byte* table;  // [vocab, cols] in `format`
  const int32_t* tokens;   // [rows], each in [0, vocab)
  TensorFormat format;
  int32_t rows;   // ≥ 0
  int32_t cols;   // > 0, a multiple of the format's block
  int32_t vocab;  // > 0
};

/// kBadShape, with nothing written, also when a token is outside the table. A gather with no sums: the definition
/// is the implementation.
Status embedding(const EmbeddingArgs& args);

}  // namespace slackwater
