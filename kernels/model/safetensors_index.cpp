#include "safetensors_index.h"

#include "../lib/json_cursor.h"

namespace slackwater {
namespace {

/// Nothing outside the folder is opened, whatever an index says.
bool is_plain_name(const std::string& file) {
  if (file.empty() || file.size() > 255 || file == "." || file == "..") return false;
  for (const char character : file) {
    if (character == '/' || character == '\\' || static_cast<unsigned char>(character) < 0x20) return false;
  }
  return true;
}

}  // namespace

bool read_safetensors_index(std::string_view text, ShardOfTensor& shard_of, Error& error) {
  error = {};
  JsonCursor cursor(text);
  const auto fail = [&](const std::string& message) {
    if (!error) error.set(kModelInvalid, message);
    return false;
  };
  bool has_map = false, has_metadata = false;
  const auto read_map = [&](const std::string& tensor) {
    std::string file;
    if (!cursor.read_text(file)) return false;
    if (!is_plain_name(file)) return fail("weight_map places '" + tensor + "' in '" + file.substr(0, 255) + "'; the name of a file in the same folder is needed");
    return shard_of.emplace(tensor, file).second || fail("weight_map has '" + tensor + "' twice");
  };
  const bool is_read = cursor.each_member([&](const std::string& name) {
    bool& has = name == "weight_map" ? has_map : has_metadata;
    if (name != "weight_map" && name != "metadata") return fail("unknown member '" + name.substr(0, 64) + "'");
    if (has) return fail("member '" + name + "' appears twice");
    has = true;
    return name == "weight_map" ? cursor.each_member(read_map) : cursor.each_member([&](const std::string&) { return cursor.skip_scalar(); });
  });
  if (!is_read || !cursor.expect_end()) return fail(cursor.fault());
  return !shard_of.empty() || fail(has_map ? "weight_map is empty" : "no weight_map");
}

}  // namespace slackwater
