#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slackwater {

/// Reads JSON (RFC 8259, strictly) from the front, where the caller knows what has to come next: the headers of model
/// files. Builds no tree and never recurses; text is UTF-8, checked. After the first fault every call answers false.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  /// {"name": .., ..}: calls member(name) at each value, which it has to read; false from it ends the reading.
  /// Names may come twice: the caller knows which it has seen.
  template <class Member>
  bool each_member(const Member& member) {
    return each('{', '}', [&] {
      std::string name;
      return read_text(name) && expect(':') && member(name);
    });
  }
  /// [.., ..]: calls element() at each value, as above.
  template <class Element>
  bool each_element(const Element& element) {
    return each('[', ']', element);
  }

  /// A string, without its escapes.
  bool read_text(std::string& out);
  /// A whole number from 0 to 2^64 - 1, written without sign, fraction and exponent.
  bool read_count(uint64_t& out);
  /// A number, as the nearest double; `is_whole` when it is written without fraction and exponent.
  bool read_number(double& out, bool& is_whole);
  /// A string, a number, true, false or null.
  bool skip_scalar();
  /// The first character of the next value, -1 at the end of the text.
  int next() { return peek(); }
  /// Nothing but white space is left.
  bool expect_end();
  /// A fault of the caller's, at the next value: "expected .. at byte 12, found '}'". False.
  bool refuse(const std::string& expected) { return peek(), fail(expected, at_); }

  /// "expected ':' at byte 12, found '}'"; empty as long as there is no fault.
  const std::string& fault() const { return fault_; }

 private:
  template <class Part>
  bool each(char open, char close, const Part& part) {
    if (!expect(open)) return false;
    if (peek() == close) return expect(close);
    do {
      if (!part()) return fail("a value", at_);  // Keeps an earlier fault.
    } while (peek() == ',' && expect(','));
    return expect(close);
  }

  bool fail(const std::string& expected, size_t at);
  bool expect(char wanted);
  int peek();  // After white space; -1 at the end.
  bool read_escape(std::string& out);
  bool read_unit(uint32_t& unit);
  bool read_character(std::string& out);
  bool skip_number();
  bool skip_digits();

  std::string_view text_;
  size_t at_ = 0;
  std::string fault_;
};

}  // namespace slackwater
