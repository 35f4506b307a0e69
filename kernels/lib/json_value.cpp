#include "json_value.h"

#include <algorithm>
#include <cstdio>

namespace slackwater {
namespace {

constexpr int kNestingMax = 32;

bool read_value(JsonCursor& cursor, JsonValue& out, int depth);

bool read_nested(JsonCursor& cursor, JsonValue& out, int depth) {
  if (depth == 0) return cursor.refuse("fewer than 32 levels of nesting");
  if (out.kind == JsonValue::Kind::kArray) {
    return cursor.each_element([&] { return read_value(cursor, out.elements.emplace_back(), depth - 1); });
  }
  return cursor.each_member([&](const std::string& name) {
    const bool is_known = std::any_of(out.members.begin(), out.members.end(), [&](const auto& member) { return member.first == name; });
    if (is_known) return cursor.refuse("'" + name.substr(0, 64) + "' once");
    return read_value(cursor, out.members.emplace_back(name, JsonValue{}).second, depth - 1);
  });
}

bool read_value(JsonCursor& cursor, JsonValue& out, int depth) {
  using Kind = JsonValue::Kind;
  switch (cursor.next()) {
    case '{': out.kind = Kind::kObject; return read_nested(cursor, out, depth);
    case '[': out.kind = Kind::kArray; return read_nested(cursor, out, depth);
    case '"': out.kind = Kind::kText; return cursor.read_text(out.text);
    case 't': out.kind = Kind::kBool; out.truth = true; return cursor.skip_scalar();
    case 'f': out.kind = Kind::kBool; return cursor.skip_scalar();
    case 'n': out.kind = Kind::kNull; return cursor.skip_scalar();
    default: out.kind = Kind::kNumber; return cursor.read_number(out.number, out.is_whole);
  }
}

bool skip_value(JsonCursor& cursor, int depth) {
  const int first = cursor.next();
  if (first != '{' && first != '[') return cursor.skip_scalar();
  if (depth == 0) return cursor.refuse("fewer than 32 levels of nesting");
  if (first == '[') return cursor.each_element([&] { return skip_value(cursor, depth - 1); });
  return cursor.each_member([&](const std::string&) { return skip_value(cursor, depth - 1); });
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const auto& [member, value] : members) {
    if (member == name) return value.kind == Kind::kNull ? nullptr : &value;
  }
  return nullptr;
}

std::string JsonValue::described() const {
  char digits[32];
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return truth ? "true" : "false";
    case Kind::kNumber: std::snprintf(digits, sizeof digits, "%.17g", number); return digits;
    case Kind::kText: return "'" + text.substr(0, 64) + "'";
    case Kind::kArray: return "an array";
    case Kind::kObject: return "an object";
  }
  return "";
}

bool read_json_value(JsonCursor& cursor, JsonValue& out) { return read_value(cursor, out, kNestingMax); }

bool skip_json_value(JsonCursor& cursor) { return skip_value(cursor, kNestingMax); }

}  // namespace slackwater
