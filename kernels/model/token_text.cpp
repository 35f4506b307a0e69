#include "token_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace slackwater {
namespace {

/// Control tokens that end a generation wherever they appear, besides those that the file names.
constexpr std::array<std::string_view, 8> kEndings = {"<|endoftext|>", "<|im_end|>", "<|eot_id|>",    "<|eom_id|>",
                                                      "<|end_of_text|>", "<|end|>",  "<end_of_turn>", "</s>"};

/// Byte-level BPE writes each byte as a printable character: the printable bytes as themselves, the other 68
/// as U+0100 onwards in order of value. This is the way back; -1 where a code point stands for no byte.
std::array<int, 324> byte_of_code_point() {
  std::array<int, 324> table;
  table.fill(-1);
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table[static_cast<size_t>(is_printable ? byte : next++)] = byte;
  }
  return table;
}

/// The next code point of well-formed UTF-8 up to U+07FF, enough for the table above; -1 for anything else.
int next_code_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xdf || at >= text.size()) return -1;
  return ((lead & 31) << 6) | (static_cast<unsigned char>(text[at++]) & 63);
}

}  // namespace

bool decode_byte_level(std::string_view text, std::string& bytes) {
  static const std::array<int, 324> table = byte_of_code_point();
  for (size_t at = 0; at < text.size();) {
    const int point = next_code_point(text, at);
    if (point < 0 || point >= static_cast<int>(table.size()) || table[static_cast<size_t>(point)] < 0) return false;
    bytes.push_back(static_cast<char>(table[static_cast<size_t>(point)]));
  }
  return true;
}

void decode_sentence_piece(std::string_view text, bool is_byte, std::string& bytes) {
  unsigned value = 0;
  if (is_byte && text.size() == 6 && std::from_chars(text.data() + 3, text.data() + 5, value, 16).ptr == text.data() + 5) {
    bytes.push_back(static_cast<char>(value));
    return;
  }
  for (size_t at = 0; at < text.size();) {
    const bool is_space = text.substr(at, 3) == "\xe2\x96\x81";
    bytes.push_back(is_space ? ' ' : text[at]);
    at += is_space ? 3 : 1;
  }
}

bool ends_generation(std::string_view control_token) { return std::find(kEndings.begin(), kEndings.end(), control_token) != kEndings.end(); }

void sort_unique(std::vector<int32_t>& tokens) {
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
}

}  // namespace slackwater
