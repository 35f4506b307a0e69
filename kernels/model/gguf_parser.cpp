#include "gguf_parser.h"

#include <algorithm>
#include <cstring>

namespace slackwater {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kHeaderBytes = 24;
constexpr uint64_t kPairBytesMin = 8 + 4 + 1;                // An empty key, a type, one byte.
constexpr uint64_t kTensorBytesMin = 8 + 4 + 8 + 4 + 8;      // An empty name, one dimension, a type, an offset.
constexpr uint64_t kNameBytesMax = 65535;                    // The format's own limit for keys.
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint32_t kDimensionsMax = 4;

/// Bytes of one packed number; 0 for strings, arrays and unknown types.
uint32_t number_bytes(GgufType type) {
  switch (type) {
    case GgufType::kU8: case GgufType::kI8: case GgufType::kBool: return 1;
    case GgufType::kU16: case GgufType::kI16: return 2;
    case GgufType::kU32: case GgufType::kI32: case GgufType::kF32: return 4;
    case GgufType::kU64: case GgufType::kI64: case GgufType::kF64: return 8;
    case GgufType::kString: case GgufType::kArray: break;
  }
  return 0;
}

std::string num(uint64_t value) { return std::to_string(value); }
std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

bool GgufParser::parse() {
  char magic[4];
  uint32_t version;
  uint64_t tensor_count, pair_count;
  if (file_.bytes_.size() < kHeaderBytes) {
    return fail(kModelInvalid, "file of " + num(file_.bytes_.size()) + " bytes; a GGUF header takes " + num(kHeaderBytes));
  }
  read_bytes(magic, 4, "magic");
  if (std::memcmp(magic, "GGUF", 4) != 0) return fail(kModelInvalid, "not a GGUF file: it does not begin with 'GGUF'");
  read_bytes(&version, 4, "version");
  if (version != kVersion) {
    return fail(kModelUnsupported, "GGUF version " + num(version) + "; known: " + num(kVersion) + " (little-endian)");
  }
  read_bytes(&tensor_count, 8, "tensor count");
  read_bytes(&pair_count, 8, "metadata count");
  if (pair_count > left() / kPairBytesMin || tensor_count > left() / kTensorBytesMin) {
    return fail(kModelInvalid, "header counts " + num(tensor_count) + " tensors and " + num(pair_count) +
                                   " metadata values; the file has " + num(file_.bytes_.size()) + " bytes");
  }
  for (uint64_t i = 0; i < pair_count; ++i) {
    if (!read_pair(i)) return false;
  }
  std::vector<uint64_t> offsets(tensor_count);
  file_.weights_.tensors_.reserve(tensor_count);
  for (uint64_t i = 0; i < tensor_count; ++i) {
    if (!read_tensor(i, offsets[i])) return false;
  }
  uint64_t alignment;
  return read_alignment(alignment) && place_tensors(offsets, alignment) && check_overlap();
}

bool GgufParser::fail(const char* code, std::string message) {
  error_.set(code, std::move(message));
  return false;
}

bool GgufParser::read_bytes(void* out, size_t size, const char* what) {
  if (left() < size) {
    return fail(kModelInvalid, std::string("file ends in ") + what + ": " + num(size) + " bytes wanted at " + num(at_) +
                                   ", " + num(left()) + " left");
  }
  std::memcpy(out, file_.bytes_.data() + at_, size);
  at_ += size;
  return true;
}

bool GgufParser::read_text(std::string_view& text, const std::string& what) {
  uint64_t length;
  if (!read_bytes(&length, 8, what.c_str())) return false;
  if (length > left()) {
    return fail(kModelInvalid, what + ": text of " + num(length) + " bytes at " + num(at_) + ", " + num(left()) + " left");
  }
  text = {reinterpret_cast<const char*>(file_.bytes_.data() + at_), static_cast<size_t>(length)};
  at_ += length;
  return true;
}

bool GgufParser::read_number(GgufType type, GgufValue& value, const std::string& what) {
  const uint32_t size = number_bytes(type);
  unsigned char raw[8] = {};
  if (!read_bytes(raw, size, what.c_str())) return false;
  uint64_t bits = 0;
  std::memcpy(&bits, raw, 8);  // Little-endian host, as checked in gguf.cpp.
  switch (type) {
    case GgufType::kI8: bits = static_cast<uint64_t>(static_cast<int8_t>(bits)); break;
    case GgufType::kI16: bits = static_cast<uint64_t>(static_cast<int16_t>(bits)); break;
    case GgufType::kI32: bits = static_cast<uint64_t>(static_cast<int32_t>(bits)); break;
    case GgufType::kF32: {
      float real;
      std::memcpy(&real, raw, 4);
      value.real = real;
      break;
    }
    case GgufType::kF64: std::memcpy(&value.real, raw, 8); break;
    case GgufType::kBool:
      if (bits > 1) return fail(kModelInvalid, what + ": boolean holds " + num(bits));
      break;
    default: break;
  }
  value.bits = bits;
  return true;
}

bool GgufParser::read_array(GgufValue& value, const std::string& key) {
  uint32_t element;
  if (!read_bytes(&element, 4, key.c_str()) || !read_bytes(&value.count, 8, key.c_str())) return false;
  value.element = static_cast<GgufType>(element);
  if (value.element == GgufType::kArray) return fail(kModelUnsupported, key + ": arrays of arrays are not known");
  const bool is_text = value.element == GgufType::kString;
  const uint64_t bytes = is_text ? 8 : number_bytes(value.element);
  if (bytes == 0) return fail(kModelInvalid, key + ": array of unknown type " + num(element));
  if (value.count > left() / bytes) {
    return fail(kModelInvalid, key + ": array of " + num(value.count) + " values at " + num(at_) + ", " + num(left()) + " bytes left");
  }
  if (!is_text) {
    value.elements = file_.bytes_.data() + at_;
    at_ += value.count * bytes;
    return true;
  }
  value.texts.resize(value.count);
  for (auto& text : value.texts) {
    if (!read_text(text, key)) return false;
  }
  return true;
}

bool GgufParser::read_pair(uint64_t index) {
  std::string_view key_view;
  uint32_t type;
  if (!read_text(key_view, "metadata key " + num(index))) return false;
  if (key_view.empty() || key_view.size() > kNameBytesMax) {
    return fail(kModelInvalid, "metadata key " + num(index) + " has " + num(key_view.size()) + " bytes; 1 to " + num(kNameBytesMax) + " are allowed");
  }
  const std::string key(key_view);
  if (!read_bytes(&type, 4, key.c_str())) return false;
  GgufValue value{};
  value.type = static_cast<GgufType>(type);
  if (value.type == GgufType::kString) {
    if (!read_text(value.text, key)) return false;
  } else if (value.type == GgufType::kArray) {
    if (!read_array(value, key)) return false;
  } else if (number_bytes(value.type) != 0) {
    if (!read_number(value.type, value, key)) return false;
  } else {
    return fail(kModelInvalid, quoted(key) + " has unknown type " + num(type));
  }
  if (!file_.values_.emplace(key, std::move(value)).second) return fail(kModelInvalid, "metadata key " + quoted(key) + " appears twice");
  return true;
}

bool GgufParser::read_tensor(uint64_t index, uint64_t& offset) {
  std::string_view name;
  uint32_t format;
  WeightTensor tensor{};
  const std::string what = "tensor " + num(index);
  if (!read_text(name, what)) return false;
  tensor.name = name;
  if (!read_bytes(&tensor.dimensions, 4, what.c_str())) return false;
  if (tensor.dimensions < 1 || tensor.dimensions > kDimensionsMax) {
    return fail(kModelInvalid, quoted(name) + " has " + num(tensor.dimensions) + " dimensions; 1 to " + num(kDimensionsMax) + " are allowed");
  }
  // The count of values must fit 2^48, far beyond any file, so that no product below can overflow.
  uint64_t values = 1;
  std::fill(std::begin(tensor.shape), std::end(tensor.shape), 1);
  for (uint32_t d = 0; d < tensor.dimensions; ++d) {
    if (!read_bytes(&tensor.shape[d], 8, what.c_str())) return false;
    if (tensor.shape[d] == 0 || tensor.shape[d] > (uint64_t{1} << 48) / values) {
      return fail(kModelInvalid, quoted(name) + " has " + num(tensor.shape[d]) + " values in dimension " + num(d));
    }
    values *= tensor.shape[d];
  }
  if (!read_bytes(&format, 4, what.c_str()) || !read_bytes(&offset, 8, what.c_str())) return false;
  const FormatBlock block = format_block(format);
  if (block.values == 0 || format >= kGgufFormatsEnd) {
    return fail(kModelUnsupported, quoted(name) + " has tensor format " + num(format) + "; known: " + known_gguf_formats());
  }
  if (tensor.shape[0] % block.values != 0) {
    return fail(kModelInvalid, quoted(name) + " has rows of " + num(tensor.shape[0]) + " values in blocks of " + num(block.values) + " (" + format_name(format) + ")");
  }
  tensor.format = static_cast<TensorFormat>(format);
  tensor.bytes = values / block.values * block.bytes;
  if (!file_.weights_.add(std::move(tensor))) return fail(kModelInvalid, "tensor " + quoted(name) + " appears twice");
  return true;
}

bool GgufParser::read_alignment(uint64_t& alignment) {
  alignment = kDefaultAlignment;
  const GgufValue* value = file_.find("general.alignment");
  if (value == nullptr) return true;
  int64_t given = 0;
  const bool is_integer = file_.find_integer("general.alignment", given);
  if (!is_integer || given < 8 || given > (1 << 20) || (given & (given - 1)) != 0) {
    return fail(kModelInvalid, "general.alignment is " + std::to_string(given) + "; a power of two from 8 to 1048576 is needed");
  }
  alignment = static_cast<uint64_t>(given);
  return true;
}

bool GgufParser::place_tensors(const std::vector<uint64_t>& offsets, uint64_t alignment) {
  const uint64_t data = (at_ + alignment - 1) / alignment * alignment;
  const uint64_t data_bytes = file_.bytes_.size() > data ? file_.bytes_.size() - data : 0;
  for (size_t i = 0; i < offsets.size(); ++i) {
    WeightTensor& tensor = file_.weights_.tensors_[i];
    if (offsets[i] % alignment != 0) {
      return fail(kModelInvalid, quoted(tensor.name) + " lies at offset " + num(offsets[i]) + ", not a multiple of " + num(alignment));
    }
    if (offsets[i] > data_bytes || tensor.bytes > data_bytes - offsets[i]) {
      return fail(kModelInvalid, quoted(tensor.name) + " takes " + num(tensor.bytes) + " bytes at offset " + num(offsets[i]) +
                                     "; the file has " + num(data_bytes) + " bytes of weights (truncated?)");
    }
    tensor.data = file_.bytes_.data() + data + offsets[i];
  }
  return true;
}

bool GgufParser::check_overlap() {
  const std::vector<const WeightTensor*> order = file_.weights_.by_place();
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i - 1]->data + order[i - 1]->bytes > order[i]->data) {
      return fail(kModelInvalid, "tensors " + quoted(order[i - 1]->name) + " and " + quoted(order[i]->name) + " overlap");
    }
  }
  return true;
}

}  // namespace slackwater
