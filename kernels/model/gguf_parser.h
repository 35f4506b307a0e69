#pragma once

#include "gguf.h"

namespace slackwater {

/// Reads the header of a mapped GGUF. A cursor that never passes the end; the first fault ends the reading.
class GgufParser {
 public:
  GgufParser(GgufFile& file, Error& error) : file_(file), error_(error) {}
  bool parse();

 private:
  bool fail(const char* code, std::string message);
  size_t left() const { return file_.bytes_.size() - at_; }

  bool read_bytes(void* out, size_t size, const char* what);
  bool read_text(std::string_view& text, const std::string& what);
  bool read_number(GgufType type, GgufValue& value, const std::string& what);
  bool read_array(GgufValue& value, const std::string& key);
  bool read_pair(uint64_t index);
  bool read_tensor(uint64_t index, uint64_t& offset);
  bool read_alignment(uint64_t& alignment);
  bool place_tensors(const std::vector<uint64_t>& offsets, uint64_t alignment);
  bool check_overlap();

  GgufFile& file_;
  Error& error_;
  size_t at_ = 0;
};

}  // namespace slackwater
