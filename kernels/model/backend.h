#pragma once

#include <cstddef>
#include <cstdint>

#include "../lib/status.h"
#include "weight_mode.h"

namespace slackwater {

class Profile;

/// Tokens of one KV block. Blocks are aligned: block b of a sequence holds positions [64 b, 64 b + 64).
constexpr int32_t kBlockTokens = 64;

/// What the engine has to know of a model to size its arena and to check a request.
struct ModelShape {
  int32_t layers;
  int32_t hidden;
  int32_t heads;
  int32_t kv_heads;
  int32_t head_dim;
  int32_t ffn;
  int32_t vocab;
  int32_t context_length;  // tokens, prompt and generation together
};

/// One sequence's part of an iteration.
struct SequenceView {
  const int32_t* blocks;  // [ceil((start + rows) / 64)] indices into the arena, in order of position
  int32_t start;          // position of the first new token = tokens whose KV is already in the blocks
  int32_t rows;           // new tokens of this iteration, > 0
  int32_t first_row;      // index of the first new token in Batch::tokens
};

/// One iteration: decode rows and prefill chunks of many sequences, flattened by token.
struct Batch {
  const int32_t* tokens;        // [rows]
  int32_t rows;
  const SequenceView* views;    // [sequences], their rows cover [0, rows) in order, without gaps
  int32_t sequences;
  const int32_t* logits_rows;   // [logits_count] indices into [0, rows): the rows that sample
  int32_t logits_count;
  float* logits;                // [logits_count, vocab] out, fp32
};

/// Executes iterations on KV blocks that the engine owns. Keeps no state between iterations but the weights.
///
/// Batch-invariant: the logits and the KV bytes of a token depend on the tokens before it alone, bitwise,
/// whatever else is in the batch and however its prompt was cut into chunks.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const ModelShape& shape() const = 0;
  /// Bytes of one block: [layer][K|V][kv_head][...], all layers contiguous.
  virtual size_t block_bytes() const = 0;
  /// What determines the bytes of a block besides its tokens: "cpu-exact-avx512", "reference-f32", ...
  virtual const char* numerics() const = 0;
  /// Which mode it computes in, never kAuto, and what its weights take.
  virtual WeightMode weight_mode() const { return WeightMode::kExact; }
  virtual size_t weight_bytes() const { return 0; }
  virtual int threads() const { return 1; }
  /// From now on what it spends its time on is added to `profile`, which must outlive it; null: to nothing.
  virtual void set_profile(Profile* /*profile*/) {}
  /// Runs one iteration; `arena` is the base of the KV arena (64-byte aligned), block b at arena + b * block_bytes().
  /// Anything but kOk: the logits are not to be used. Throws std::bad_alloc when there is no memory for the activations.
  virtual Status run(const Batch& batch, std::byte* arena) = 0;
};

}  // namespace slackwater
