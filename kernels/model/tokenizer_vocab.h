#pragma once

#include <string>

#include "../lib/json_value.h"
#include "vocab.h"

namespace slackwater {

/// The vocabulary of a folder: pieces from its tokenizer.json (BPE, byte-level or with byte fallback), ids of beginning and end from
/// `config`, generation_config.json where there is one, and the control tokens that end any generation. `size` is the model's; ids without
/// a piece are padding and stand for no text. False, and `error` set, when a file is missing, contradicts itself or is of another kind.
bool read_tokenizer_vocab(const std::string& folder, const JsonValue& config, int32_t size, Vocab& vocab, Error& error);

}  // namespace slackwater
