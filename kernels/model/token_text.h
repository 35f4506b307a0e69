#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slackwater {

/// The bytes of a token of byte-level BPE, appended. False when it is not written in the byte-level alphabet.
bool decode_byte_level(std::string_view text, std::string& bytes);

/// The bytes of a SentencePiece, appended: a space is written as U+2581 and a lone byte, if this is one, as "<0xAB>".
void decode_sentence_piece(std::string_view text, bool is_byte, std::string& bytes);

/// Whether a control token of this name ends a generation, whatever the model's files say of it.
bool ends_generation(std::string_view control_token);

void sort_unique(std::vector<int32_t>& tokens);

}  // namespace slackwater
