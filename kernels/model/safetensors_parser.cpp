#include "safetensors_parser.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

namespace slackwater {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the file");

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kHeaderBytesMax = 100'000'000;  // The format's own limit.
constexpr size_t kNameBytesMax = 65535;            // As in a GGUF.
constexpr size_t kDimensionsMax = 4;
constexpr uint64_t kValuesMax = uint64_t{1} << 48;  // Far beyond any file, so that no product can overflow.
constexpr TensorFormat kDtypes[] = {TensorFormat::kF32, TensorFormat::kF16, TensorFormat::kBf16, TensorFormat::kF8E4m3, TensorFormat::kF8E5m2};

std::string num(uint64_t value) { return std::to_string(value); }
std::string quoted(const std::string& text) { return "'" + text + "'"; }

}  // namespace

bool SafetensorsParser::parse(std::vector<WeightTensor>& tensors) {
  error_ = {};
  if (!find_header() || !read_header() || !check_place()) return false;
  for (const WeightTensor* tensor : table_.by_place()) tensors.push_back(*tensor);
  return true;
}

bool SafetensorsParser::fail(const char* code, std::string message) {
  if (!error_) error_.set(code, std::move(message));
  return false;
}

bool SafetensorsParser::find_header() {
  uint64_t length;
  if (file_.size() < kLengthBytes) {
    return fail(kModelInvalid, "file of " + num(file_.size()) + " bytes; the length of a safetensors header takes " + num(kLengthBytes));
  }
  std::memcpy(&length, file_.data(), kLengthBytes);
  const std::span<const std::byte> rest = file_.subspan(kLengthBytes);
  if (length > rest.size()) {
    return fail(kModelInvalid, "header of " + num(length) + " bytes; the file has " + num(rest.size()) + " after its length (truncated, or not safetensors?)");
  }
  if (length > kHeaderBytesMax) return fail(kModelUnsupported, "header of " + num(length) + " bytes; up to " + num(kHeaderBytesMax) + " are known");
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), length);
  if (text.empty() || text[0] != '{') return fail(kModelInvalid, "header of " + num(length) + " bytes that does not begin with '{'");
  header_ = JsonCursor(text);
  data_ = rest.subspan(length);
  return true;
}

bool SafetensorsParser::read_header() {
  const bool is_read = header_.each_member([&](const std::string& name) { return name == "__metadata__" ? read_metadata() : read_entry(name); });
  return (is_read && header_.expect_end()) || fail(kModelInvalid, "header: " + header_.fault());
}

bool SafetensorsParser::read_metadata() {
  if (has_metadata_) return fail(kModelInvalid, "header: __metadata__ appears twice");
  has_metadata_ = true;
  std::set<std::string> keys;
  return header_.each_member([&](const std::string& key) {
    std::string value;
    if (!keys.insert(key).second) return fail(kModelInvalid, "header: " + quoted(key) + " appears twice in __metadata__");
    return header_.read_text(value);
  });
}

bool SafetensorsParser::read_entry(const std::string& name) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return fail(kModelInvalid, "tensor name of " + num(name.size()) + " bytes; 1 to " + num(kNameBytesMax) + " are allowed");
  }
  Entry entry;
  entry.name = name;
  std::set<std::string> fields;
  const bool is_read = header_.each_member([&](const std::string& field) {
    if (!fields.insert(field).second) return fail(kModelInvalid, quoted(name) + " has the field " + quoted(field) + " twice");
    return read_field(entry, field);
  });
  if (!is_read) return fail(kModelInvalid, quoted(name) + ": " + header_.fault());
  for (const char* field : {"dtype", "shape", "data_offsets"}) {
    if (!fields.contains(field)) return fail(kModelInvalid, quoted(name) + " has no field '" + field + "'");
  }
  return take_entry(entry);
}

bool SafetensorsParser::read_field(Entry& entry, const std::string& field) {
  const auto read_counts = [&](std::vector<uint64_t>& counts) {
    return header_.each_element([&] {
      counts.push_back(0);
      return header_.read_count(counts.back());
    });
  };
  if (field == "dtype") return header_.read_text(entry.dtype);
  if (field == "shape") return read_counts(entry.shape);
  if (field == "data_offsets") return read_counts(entry.offsets);
  return fail(kModelInvalid, quoted(entry.name) + " has an unknown field " + quoted(field.substr(0, 64)));
}

bool SafetensorsParser::find_format(const Entry& entry, TensorFormat& format) {
  std::string known;
  for (const TensorFormat dtype : kDtypes) {
    const char* name = format_name(static_cast<uint32_t>(dtype));
    format = dtype;
    if (entry.dtype == name) return true;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return fail(kModelUnsupported, quoted(entry.name) + " has dtype " + quoted(entry.dtype.substr(0, 64)) + "; known: " + known);
}

bool SafetensorsParser::take_entry(const Entry& entry) {
  WeightTensor tensor{};
  if (!find_format(entry, tensor.format)) return false;
  if (entry.shape.size() > kDimensionsMax) {
    return fail(kModelUnsupported, quoted(entry.name) + " has " + num(entry.shape.size()) + " dimensions; up to " + num(kDimensionsMax) + " are known");
  }
  uint64_t values = 1;
  std::fill(std::begin(tensor.shape), std::end(tensor.shape), 1);
  tensor.dimensions = static_cast<uint32_t>(entry.shape.size());
  for (size_t d = 0; d < entry.shape.size(); ++d) {
    const uint64_t size = entry.shape[d];
    if (size == 0) return fail(kModelUnsupported, quoted(entry.name) + " has 0 values in dimension " + num(d) + "; empty tensors are not known");
    if (size > kValuesMax / values) return fail(kModelInvalid, quoted(entry.name) + " has " + num(size) + " values in dimension " + num(d));
    values *= size;
    tensor.shape[entry.shape.size() - 1 - d] = size;
  }
  if (entry.offsets.size() != 2) return fail(kModelInvalid, quoted(entry.name) + " has " + num(entry.offsets.size()) + " data_offsets; 2 are needed");
  const uint64_t begin = entry.offsets[0], end = entry.offsets[1];
  if (begin > end || end > data_.size()) {
    return fail(kModelInvalid, quoted(entry.name) + " lies from " + num(begin) + " to " + num(end) + "; the file has " + num(data_.size()) + " bytes of weights (truncated?)");
  }
  tensor.bytes = values * format_block(static_cast<uint32_t>(tensor.format)).bytes;
  if (end - begin != tensor.bytes) {
    return fail(kModelInvalid, quoted(entry.name) + " takes " + num(tensor.bytes) + " bytes as " + num(values) + " values of " + entry.dtype + "; its data_offsets give it " + num(end - begin));
  }
  tensor.name = entry.name;
  tensor.data = data_.data() + begin;
  return table_.add(std::move(tensor)) || fail(kModelInvalid, "tensor " + quoted(entry.name) + " appears twice");
}

/// From one tensor to the next without overlap and without a gap, up to the end of the file.
bool SafetensorsParser::check_place() {
  const std::byte* at = data_.data();
  const std::string* before = nullptr;
  for (const WeightTensor* tensor : table_.by_place()) {
    if (tensor->data < at) return fail(kModelInvalid, "tensors " + quoted(*before) + " and " + quoted(tensor->name) + " overlap");
    if (tensor->data > at) {
      return fail(kModelInvalid, num(static_cast<uint64_t>(tensor->data - at)) + " bytes of weights before " + quoted(tensor->name) + " belong to no tensor");
    }
    at = tensor->data + tensor->bytes;
    before = &tensor->name;
  }
  const auto left = static_cast<uint64_t>(data_.data() + data_.size() - at);
  return left == 0 || fail(kModelInvalid, "the last " + num(left) + " bytes of weights belong to no tensor");
}

}  // namespace slackwater
