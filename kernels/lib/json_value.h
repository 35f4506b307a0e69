#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_cursor.h"

namespace slackwater {

/// A JSON value as a tree: for the configurations of models, which are small. What is large is read by JsonCursor alone.
class JsonValue {
 public:
  enum class Kind { kNull, kBool, kNumber, kText, kArray, kObject };

  Kind kind = Kind::kNull;
  bool truth = false;
  bool is_whole = false;  // Number: written without fraction and exponent.
  double number = 0;
  std::string text{};
  std::vector<JsonValue> elements{};
  std::vector<std::pair<std::string, JsonValue>> members{};

  /// The member of an object; null when it is absent, or null itself, which configurations use alike.
  const JsonValue* find(std::string_view name) const;
  bool is_text(std::string_view wanted) const { return kind == Kind::kText && text == wanted; }
  /// For messages: the value itself when it is a scalar, or "an array", "an object".
  std::string described() const;
};

/// Reads the next value. False, with the cursor's fault, also when it is nested deeper than 32 or has a name twice in an object.
bool read_json_value(JsonCursor& cursor, JsonValue& out);
/// Passes over the next value, of any size; nested at most 32 deep.
bool skip_json_value(JsonCursor& cursor);

}  // namespace slackwater
