#pragma once

// For tests: safetensors files written by hand, so that each of their bytes can be made wrong, and folders of them.

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "../lib/check.h"
#include "../lib/tensor_format.h"

namespace slackwater {

/// A file of this header and these bytes; the length in front may lie.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

class SafetensorsWriter {
 public:
  /// The member of the header; the tensor's bytes follow those of the one before.
  void tensor(const std::string& name, const std::string& dtype, const std::vector<uint64_t>& shape, const std::string& bytes) {
    std::string sizes;
    for (const uint64_t size : shape) sizes += (sizes.empty() ? "" : ",") + std::to_string(size);
    raw("\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + sizes + "],\"data_offsets\":[" + std::to_string(data_.size()) + "," +
        std::to_string(data_.size() + bytes.size()) + "]}");
    data_ += bytes;
  }
  void raw(const std::string& member) { members_ += (members_.empty() ? "" : ",") + member; }

  std::string header() const { return "{" + members_ + "}"; }
  /// As the reference writer does, spaces fill the header up to a multiple of 8.
  std::string bytes() const { return safetensors_bytes(header() + std::string((8 - header().size() % 8) % 8, ' '), data_); }

 private:
  std::string members_, data_;
};

/// A folder of its own, which is removed again with all that is in it.
class TestFolder {
 public:
  TestFolder() { CHECK(::mkdtemp(path_) != nullptr, "no temporary folder at %s", path_); }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string path() const { return path_; }
  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string file = std::string(path_) + "/" + name;
    CHECK(std::ofstream(file, std::ios::binary) << bytes, "cannot write %s", file.c_str());
    return file;
  }

 private:
  char path_[64] = "/tmp/slackwater_test_XXXXXX"; // tidy-allow: machine-path, mkdtemp needs a folder and every POSIX has this one
};

/// `count` bytes from a seed, so that each place has its own.
inline std::string random_bytes(size_t count, uint64_t seed) {
  TestRandom random(seed);
  std::string out;
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(random.next()));
  return out;
}

/// A tensor of each dtype, with a scalar, odd sizes and names that need escapes.
inline SafetensorsWriter every_dtype() {
  SafetensorsWriter out;
  out.raw(R"("__metadata__":{"format":"pt","quote \" and \u00e9":""})");
  out.tensor("one.weight", "F32", {2, 3}, random_bytes(24, 1));
  out.tensor("two.\\u0077eight", "F16", {5}, random_bytes(10, 2));
  out.tensor("\xc3\xa9", "BF16", {3, 1, 2}, random_bytes(12, 3));
  out.tensor("f8.a", "F8_E4M3", {7}, random_bytes(7, 4));
  out.tensor("f8.b", "F8_E5M2", {1, 3}, random_bytes(3, 5));
  out.tensor("scalar", "F32", {}, random_bytes(4, 6));
  return out;
}

}  // namespace slackwater
