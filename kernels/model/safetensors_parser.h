#pragma once

#include <span>
#include <string>
#include <vector>

#include "../lib/error.h"
#include "../lib/json_cursor.h"
#include "weight_table.h"

namespace slackwater {

/// Reads one safetensors file: u64 length of the header (little-endian), the header, the tensors' bytes. The header is a
/// JSON object of { "dtype": text, "shape": [counts], "data_offsets": [begin, end) from the header's end } by tensor name,
/// and of "__metadata__", text by text, which is checked and left. `shape` is outermost first, bytes are little-endian.
/// Every byte after the header belongs to one tensor.
class SafetensorsParser {
 public:
  SafetensorsParser(std::span<const std::byte> file, Error& error) : file_(file), header_({}), error_(error) {}

  /// False, and `error` set, as SafetensorsModel::open. The tensors, in order of place, point into `file`.
  bool parse(std::vector<WeightTensor>& tensors);

 private:
  struct Entry {
    std::string name, dtype;
    std::vector<uint64_t> shape, offsets;
  };

  bool fail(const char* code, std::string message);
  bool find_header();
  bool read_header();
  bool read_metadata();
  bool read_entry(const std::string& name);
  bool read_field(Entry& entry, const std::string& field);
  bool take_entry(const Entry& entry);
  bool find_format(const Entry& entry, TensorFormat& format);
  bool check_place();

  std::span<const std::byte> file_, data_;
  JsonCursor header_;
  Error& error_;
  WeightTable table_;  // For the names: none comes twice.
  bool has_metadata_ = false;
};

}  // namespace slackwater
