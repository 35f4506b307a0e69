#pragma once

// For tests: GGUF files written by hand, so that each of their bytes can be made wrong.

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../lib/check.h"
#include "../lib/half.h"
#include "../lib/tensor_format.h"
#include "gguf.h"

namespace slackwater {

class GgufWriter {
 public:
  void text(const std::string& key, const std::string& value) {
    pair(key, GgufType::kString);
    put_text(pairs_, value);
  }
  void number(const std::string& key, uint32_t value) {
    pair(key, GgufType::kU32);
    put(pairs_, value);
  }
  void real(const std::string& key, float value) {
    pair(key, GgufType::kF32);
    put(pairs_, value);
  }
  void texts(const std::string& key, const std::vector<std::string>& values) {
    pair(key, GgufType::kArray);
    put(pairs_, static_cast<uint32_t>(GgufType::kString));
    put(pairs_, static_cast<uint64_t>(values.size()));
    for (const std::string& value : values) put_text(pairs_, value);
  }
  void numbers(const std::string& key, const std::vector<int32_t>& values) {
    pair(key, GgufType::kArray);
    put(pairs_, static_cast<uint32_t>(GgufType::kI32));
    put(pairs_, static_cast<uint64_t>(values.size()));
    for (const int32_t value : values) put(pairs_, value);
  }
  void raw_pair(const std::string& key, uint32_t type, const std::string& bytes) {
    pair(key, static_cast<GgufType>(type));
    pairs_ += bytes;
  }

  /// A tensor of any format number; its bytes follow those of the tensor before, on a multiple of 32.
  void tensor(const std::string& name, const std::vector<uint64_t>& shape, uint32_t format, const std::string& bytes) {
    data_.resize((data_.size() + 31) / 32 * 32);
    tensor_at(name, shape, format, data_.size());
    data_ += bytes;
  }
  void tensor_at(const std::string& name, const std::vector<uint64_t>& shape, uint32_t format, uint64_t offset) {
    put_text(tensors_, name);
    put(tensors_, static_cast<uint32_t>(shape.size()));
    for (const uint64_t size : shape) put(tensors_, size);
    put(tensors_, format);
    put(tensors_, offset);
    ++tensor_count_;
  }

  std::string bytes() const {
    std::string out = "GGUF";
    put(out, uint32_t{3});
    put(out, tensor_count_);
    put(out, pair_count_);
    out += pairs_ + tensors_;
    out.resize((out.size() + 31) / 32 * 32);
    return out + data_;
  }
  size_t header_bytes() const { return 24 + pairs_.size() + tensors_.size(); }

  template <class T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static void put_text(std::string& to, const std::string& value) {
    put(to, static_cast<uint64_t>(value.size()));
    to += value;
  }

 private:
  void pair(const std::string& key, GgufType type) {
    put_text(pairs_, key);
    put(pairs_, static_cast<uint32_t>(type));
    ++pair_count_;
  }

  std::string pairs_, tensors_, data_;
  uint64_t pair_count_ = 0, tensor_count_ = 0;
};

/// Writes the bytes to a file of its own, which is removed again.
class TestFile {
 public:
  explicit TestFile(const std::string& bytes) {
    const int descriptor = ::mkstemp(path_);
    CHECK(descriptor >= 0, "no temporary file at %s", path_);
    CHECK(::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "cannot write %s", path_);
    ::close(descriptor);
  }
  ~TestFile() { ::unlink(path_); }
  const char* path() const { return path_; }

 private:
  char path_[64] = "/tmp/slackwater_test_XXXXXX"; // tidy-allow: machine-path, mkstemp needs a folder and every POSIX has this one
};

/// `count` small weights in the format, from a seed.
inline std::string test_weights(uint32_t format, size_t count, uint64_t seed) {
  TestRandom random(seed);
  const FormatBlock block = format_block(format);
  std::string out;
  for (size_t i = 0; i < count; i += block.values) {
    const auto kind = static_cast<TensorFormat>(format);
    if (kind == TensorFormat::kF32) {
      GgufWriter::put(out, random.uniform() * 0.3f);
    } else if (kind == TensorFormat::kF16) {
      GgufWriter::put(out, half_from_float(random.uniform() * 0.3f));
    } else if (kind == TensorFormat::kBf16) {
      const float value = random.uniform() * 0.3f;
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      GgufWriter::put(out, static_cast<uint16_t>(bits >> 16));
    } else {
      GgufWriter::put(out, half_from_float((kind == TensorFormat::kQ8_0 ? 0.003f : 0.04f) * (1.5f + random.uniform())));
      if (kind == TensorFormat::kQ4_1) GgufWriter::put(out, half_from_float(-0.4f));
      const uint32_t quants = block.bytes - (kind == TensorFormat::kQ4_1 ? 4 : 2);
      for (uint32_t q = 0; q < quants; ++q) out.push_back(static_cast<char>(random.next()));
    }
  }
  return out;
}

}  // namespace slackwater
