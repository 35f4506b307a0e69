#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../lib/error.h"
#include "../lib/mapped_file.h"
#include "weight_table.h"

namespace slackwater {

/// Value types of a GGUF's metadata, as numbered in the file.
enum class GgufType : uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

/// One metadata value. Views point into the mapped file.
struct GgufValue {
  GgufType type;
  uint64_t bits = 0;                       // Any integer or bool, sign-extended.
  double real = 0;                         // F32, F64.
  std::string_view text;                   // String.
  GgufType element = GgufType::kU8;        // Array: type of its elements, never kArray.
  uint64_t count = 0;                      // Array: how many.
  const std::byte* elements = nullptr;     // Array of numbers: `count` packed values.
  std::vector<std::string_view> texts;     // Array of strings.
};

/// A GGUF file (version 3, little-endian), mapped read-only.
///
/// Everything that the header says is checked against the size of the file before it is believed: after `open`
/// every view and every tensor lies inside the mapping, names are unique and tensors do not overlap.
/// The file must not be cut while it is open (a mapping past its end faults).
class GgufFile {
 public:
  /// Null, and `error` set to model_unreadable (the file system said no), model_invalid (the bytes contradict
  /// themselves) or model_unsupported (a version, nesting or tensor format that is not known here).
  static std::unique_ptr<GgufFile> open(const std::string& path, Error& error);
  /// The same of a file's bytes that lie in memory, and stay there as long as this lives. Never model_unreadable.
  static std::unique_ptr<GgufFile> read(std::span<const std::byte> bytes, Error& error);

  const WeightTable& weights() const { return weights_; }
  const std::vector<WeightTensor>& tensors() const { return weights_.tensors(); }
  const WeightTensor* find_tensor(const std::string& name) const { return weights_.find(name); }
  const GgufValue* find(const std::string& key) const;

  /// The value of `key` when it is there and has a fitting type; null otherwise.
  const std::string_view* find_text(const std::string& key) const;
  bool find_integer(const std::string& key, int64_t& value) const;
  bool find_real(const std::string& key, double& value) const;

 private:
  GgufFile() = default;

  MappedFile map_;
  std::span<const std::byte> bytes_;  // Of the mapping, or of somebody else.
  WeightTable weights_;
  std::unordered_map<std::string, GgufValue> values_;

  friend class GgufParser;
};

}  // namespace slackwater
