#include "json_cursor.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace slackwater {
namespace {

bool is_digit(int character) { return character >= '0' && character <= '9'; }

/// As found in a message: printable characters as they are, others by number.
std::string described(std::string_view text, size_t at) {
  if (at >= text.size()) return "the end";
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte > 0x20 && byte < 0x7f) return std::string("'") + static_cast<char>(byte) + "'";
  char hex[16];
  std::snprintf(hex, sizeof hex, "byte 0x%02x", byte);
  return hex;
}

void append_utf8(std::string& out, uint32_t point) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      put(0xe0 | point >> 12);
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
    }
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

/// Bytes of the UTF-8 character at the front, 0 when it is none: overlong, a surrogate, beyond U+10FFFF, cut.
size_t utf8_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const uint32_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool is_overlong = first == 0xe0 && byte(1) < 0xa0, is_surrogate = first == 0xed && byte(1) > 0x9f;
    return follows(1) && follows(2) && !is_overlong && !is_surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool is_overlong = first == 0xf0 && byte(1) < 0x90, is_beyond = first == 0xf4 && byte(1) > 0x8f;
    return follows(1) && follows(2) && follows(3) && !is_overlong && !is_beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool JsonCursor::fail(const std::string& expected, size_t at) {
  if (fault_.empty()) fault_ = "expected " + expected + " at byte " + std::to_string(at) + ", found " + described(text_, at);
  return false;
}

int JsonCursor::peek() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
  return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1;
}

bool JsonCursor::expect(char wanted) {
  if (!fault_.empty()) return false;
  if (peek() != wanted) return fail(std::string("'") + wanted + "'", at_);
  ++at_;
  return true;
}

bool JsonCursor::read_text(std::string& out) {
  out.clear();
  if (!expect('"')) return false;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (!(text_[at_] == '\\' ? read_escape(out) : read_character(out))) return false;
  }
  if (at_ == text_.size()) return fail("'\"'", at_);
  ++at_;
  return true;
}

bool JsonCursor::read_character(std::string& out) {
  const size_t bytes = utf8_bytes(text_.substr(at_));
  if (bytes == 0 || static_cast<unsigned char>(text_[at_]) < 0x20) return fail("a UTF-8 character", at_);
  out.append(text_.substr(at_, bytes));
  at_ += bytes;
  return true;
}

bool JsonCursor::read_escape(std::string& out) {
  constexpr std::string_view kShort = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
  const size_t start = at_++;  // The backslash.
  const size_t known = at_ < text_.size() ? kShort.find(text_[at_]) : std::string_view::npos;
  if (known != std::string_view::npos) {
    out.push_back(kMeant[known]);
    ++at_;
    return true;
  }
  uint32_t point, low;
  if (!read_unit(point)) return fail("an escape", start);
  if (point >= 0xdc00 && point <= 0xdfff) return fail("an escape of a whole character", start);
  if (point >= 0xd800 && point <= 0xdbff) {
    const bool has_low = at_ < text_.size() && text_[at_] == '\\' && (++at_, read_unit(low)) && low >= 0xdc00 && low <= 0xdfff;
    if (!has_low) return fail("an escape of a whole character", start);
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  append_utf8(out, point);
  return true;
}

/// u and four hexadecimal digits.
bool JsonCursor::read_unit(uint32_t& unit) {
  if (text_.size() - at_ < 5 || text_[at_] != 'u') return false;
  unit = 0;
  for (size_t i = 1; i <= 4; ++i) {
    const char digit = text_[at_ + i];
    const bool is_letter = (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F');
    if (!is_letter && !is_digit(digit)) return false;
    unit = unit << 4 | static_cast<uint32_t>(is_letter ? (digit | 0x20) - 'a' + 10 : digit - '0');
  }
  at_ += 5;
  return true;
}

bool JsonCursor::read_count(uint64_t& out) {
  if (!fault_.empty()) return false;
  if (!is_digit(peek())) return fail("a whole number", at_);
  const size_t start = at_;
  out = 0;
  for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
    const auto digit = static_cast<uint64_t>(text_[at_] - '0');
    if (out > (UINT64_MAX - digit) / 10) return fail("a whole number below 2^64", start);
    out = out * 10 + digit;
  }
  const bool has_zeros = text_[start] == '0' && at_ > start + 1;
  const bool goes_on = at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E');
  return has_zeros || goes_on ? fail("a whole number without leading zeros, fraction and exponent", start) : true;
}

bool JsonCursor::read_number(double& out, bool& is_whole) {
  if (!fault_.empty()) return false;
  peek();
  const size_t start = at_;
  if (!skip_number()) return false;
  const std::string_view written = text_.substr(start, at_ - start);
  is_whole = written.find_first_of(".eE") == std::string_view::npos;
  out = std::strtod(std::string(written).c_str(), nullptr);
  return true;
}

bool JsonCursor::skip_scalar() {
  if (!fault_.empty()) return false;
  const int first = peek();
  std::string unused;
  if (first == '"') return read_text(unused);
  if (first == '-' || is_digit(first)) return skip_number();
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at_, word.size()) != word) continue;
    at_ += word.size();
    return true;
  }
  return fail("a string, a number, true, false or null", at_);
}

bool JsonCursor::skip_number() {
  const size_t start = at_;
  if (at_ < text_.size() && text_[at_] == '-') ++at_;
  const size_t whole = at_;
  if (!skip_digits() || (text_[whole] == '0' && at_ > whole + 1)) return fail("a number", start);
  if (at_ < text_.size() && text_[at_] == '.' && (++at_, !skip_digits())) return fail("a number", start);
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    if (!skip_digits()) return fail("a number", start);
  }
  return true;
}

bool JsonCursor::skip_digits() {
  const size_t start = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  return at_ > start;
}

bool JsonCursor::expect_end() {
  if (!fault_.empty()) return false;
  return peek() == -1 ? true : fail("nothing more", at_);
}

}  // namespace slackwater
