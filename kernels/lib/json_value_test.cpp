#include "json_value.h"

#include "check.h"

using namespace slackwater;

namespace {

bool read(const std::string& text, JsonValue& out) {
  JsonCursor cursor(text);
  out = {};
  return read_json_value(cursor, out) && cursor.expect_end();
}

bool skip(const std::string& text) {
  JsonCursor cursor(text);
  return skip_json_value(cursor) && cursor.expect_end();
}

std::string nested(int depth) { return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']'); }

void check_good() {
  JsonValue value;
  CHECK(read(R"({"a": [1, -2.5e1, true], "b": {"c": "d"}, "n": null})", value), "an object");
  const JsonValue* list = value.find("a");
  CHECK(list != nullptr && list->elements.size() == 3 && list->elements[0].number == 1 && list->elements[0].is_whole, "a whole number");
  CHECK(list->elements[1].number == -25 && !list->elements[1].is_whole && list->elements[2].truth, "a real number, and true");
  CHECK(value.find("b")->find("c")->is_text("d") && !value.find("b")->is_text("d"), "text in an object");
  CHECK(value.find("n") == nullptr && value.find("z") == nullptr && value.members.size() == 3, "null is as good as absent");
  CHECK(value.described() == "an object" && list->described() == "an array" && list->elements[1].described() == "-25", "described");
}

void check_bad() {
  JsonValue value;
  for (const char* bad : {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "tru", "-", "1 2", "{\"a\" 1}", "\"", "nul"}) CHECK(!read(bad, value), "'%s' is refused", bad);
  for (const char* bad : {"", "{", "[1,]", "tru", "-", "1 2", "{\"a\" 1}"}) CHECK(!skip(bad), "'%s' is refused when passed over", bad);
  CHECK(read(nested(32), value) && !read(nested(33), value), "nested 32 deep, and no deeper");
  CHECK(skip(nested(32)) && !skip(nested(33)) && !skip(nested(1'000'000)), "the same when passed over");
}

}  // namespace

int main() {
  check_good();
  check_bad();
  std::puts("json value: ok");
}
