#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../lib/error.h"
#include "gguf.h"

namespace slackwater {

/// What a token id stands for, for matching stop strings and ending a generation. Tokenising is not done here.
struct Vocab {
  std::vector<std::string> bytes;    // [vocab] the bytes a token adds to the text; a special token's are its own name
  std::vector<uint8_t> is_special;   // [vocab] 1 for control tokens, which are no part of the text
  int32_t bos_token = -1;            // -1: the model has none
  std::vector<int32_t> eos_tokens;   // ascending; any of them ends a generation
};

/// Reads the tokeniser's metadata. Byte-level BPE ("gpt2") and SentencePiece ("llama") vocabularies are known.
/// False, and `error` set, when it is missing, contradicts itself or is of another kind.
bool read_vocab(const GgufFile& file, Vocab& vocab, Error& error);

}  // namespace slackwater
