// The JSON of model headers: what RFC 8259 allows is read, what it does not is refused with the place.
#include "json_cursor.h"

#include <vector>

#include "check.h"

using namespace slackwater;

namespace {

/// The text as an exact copy on the heap, so that a sanitizer sees a step past its end.
template <class Read>
std::string fault_of(const std::string& text, const Read& read) {
  const std::vector<char> exact(text.begin(), text.end());
  JsonCursor cursor({exact.data(), exact.size()});
  const bool is_good = read(cursor) && cursor.expect_end();
  CHECK(is_good == cursor.fault().empty(), "'%s': an answer and a fault go together: %s", text.c_str(), cursor.fault().c_str());
  return cursor.fault();
}

void check_texts() {
  const auto expect = [](const std::string& text, const std::string& want) {
    std::string got;
    const std::string fault = fault_of(text, [&](JsonCursor& cursor) { return cursor.read_text(got); });
    CHECK(fault.empty() && got == want, "%s gave '%s', not '%s': %s", text.c_str(), got.c_str(), want.c_str(), fault.c_str());
  };
  expect("\"\"", "");
  expect(" \n\t\r\"a b\" ", "a b");
  expect(R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t");
  expect(R"("\u0041\u00e9\u6E2f\ud83d\ude00")", "A\xc3\xa9\xe6\xb8\xaf\xf0\x9f\x98\x80");
  expect("\"\xc3\xa9\xe6\xb8\xaf\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"", "\xc3\xa9\xe6\xb8\xaf\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
  expect("\"\\u0000\"", std::string(1, '\0'));
  const auto refuse = [](const std::string& text, const std::string& part) {
    std::string got;
    const std::string fault = fault_of(text, [&](JsonCursor& cursor) { return cursor.read_text(got); });
    CHECK(fault.find(part) != std::string::npos, "%s: '%s' is not in: %s", text.c_str(), part.c_str(), fault.c_str());
  };
  refuse("", "expected '\"' at byte 0, found the end");
  refuse("\"a", "expected '\"' at byte 2, found the end");
  refuse("'a'", "found '''");
  refuse("\"a\" b", "expected nothing more at byte 4, found 'b'");
  refuse("\"a\nb\"", "expected a UTF-8 character at byte 2, found byte 0x0a");
  for (const char* escape : {"\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u", "\"\\ud83d\"", "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\ude00\""}) refuse(escape, "expected ");
  // Alone, overlong, a surrogate, beyond the last character, cut.
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe6\xb8", "\xf0\x9f\x98"}) {
    refuse(std::string("\"") + bad + "\"", "expected a UTF-8 character at byte 1");
    refuse(std::string("\"") + bad, "expected a UTF-8 character at byte 1");
  }
}

void check_counts() {
  const auto read = [](const std::string& text, uint64_t& out) {
    return fault_of(text, [&](JsonCursor& cursor) { return cursor.read_count(out); });
  };
  uint64_t count = 0;
  CHECK(read("0", count).empty() && count == 0, "0");
  CHECK(read(" 18446744073709551615 ", count).empty() && count == UINT64_MAX, "the largest");
  for (const char* bad : {"", "-1", "+1", "01", "1.0", "1e3", "1E3", "18446744073709551616", "99999999999999999999999", "\"1\"", "x", "1 2"}) {
    CHECK(!read(bad, count).empty(), "'%s' is no count", bad);
  }
  CHECK(read("18446744073709551616", count).find("below 2^64 at byte 0") != std::string::npos, "%s", read("18446744073709551616", count).c_str());
}

void check_scalars() {
  const auto skip = [](const std::string& text) {
    return fault_of(text, [](JsonCursor& cursor) { return cursor.skip_scalar(); });
  };
  for (const char* good : {"0", "-0", "12.5", "1e9", "-1.25E-7", "2e+3", "true", "false", "null", "\"a\""}) CHECK(skip(good).empty(), "%s: %s", good, skip(good).c_str());
  for (const char* bad : {"", "-", "00", "01.5", "1.", ".5", "1e", "1e+", "+1", "tru", "nullx", "True", "NaN", "{}", "[]"}) CHECK(!skip(bad).empty(), "'%s' is no scalar", bad);
}

void check_members() {
  const auto names = [](const std::string& text, std::string& joined) {
    joined.clear();
    return fault_of(text, [&](JsonCursor& cursor) {
      return cursor.each_member([&](const std::string& name) {
        joined += name + ";";
        return cursor.each_element([&] { return cursor.skip_scalar(); });
      });
    });
  };
  std::string got;
  CHECK(names("{}", got).empty() && names(" { } ", got).empty() && got.empty(), "an empty object");
  CHECK(names("{\"a\" : [ ] , \"b\":[1,2]}", got).empty() && got == "a;b;", "two members: %s", got.c_str());
  for (const char* bad : {"{", "}", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":[],}", "{\"a\":[1,]}", "{\"a\":[1 2]}", "{\"a\":[1]", "{\"a\":[] \"b\":[]}", "{a:[]}", "{\"a\":[[]]}", "[]", "{\"a\":[]}}"}) {
    CHECK(!names(bad, got).empty(), "'%s' is refused", bad);
  }
}

}  // namespace

int main() {
  check_texts();
  check_counts();
  check_scalars();
  check_members();
  std::puts("json cursor: ok");
}
