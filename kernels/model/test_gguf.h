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

/// Where the block of a format has its scale and its minimum (binary16), and what they are for weights within about ±0.4.
struct TestScales {
  TensorFormat format;
  uint32_t scale_at;
  float scale;
  uint32_t min_at;
  float min;  // 0: the format has none
};
constexpr TestScales kTestScales[] = {
    {TensorFormat::kQ8_0, 0, 0.003f, 0, 0},      {TensorFormat::kQ4_0, 0, 0.04f, 0, 0},         {TensorFormat::kQ4_1, 0, 0.04f, 2, -0.4f},
    {TensorFormat::kQ5_0, 0, 0.02f, 0, 0},       {TensorFormat::kQ5_1, 0, 0.02f, 2, -0.4f},     {TensorFormat::kIq4Nl, 0, 0.003f, 0, 0},
    {TensorFormat::kQ2_K, 80, 0.02f, 82, 0.03f}, {TensorFormat::kQ3_K, 108, 0.0025f, 0, 0},     {TensorFormat::kQ4_K, 0, 0.0005f, 2, 0.006f},
    {TensorFormat::kQ5_K, 0, 0.00025f, 2, 0.006f}, {TensorFormat::kQ6_K, 208, 0.0001f, 0, 0},
};

/// The places of the binary16 numbers in a block: all there is in F16, none in F32 and BF16.
inline std::vector<uint32_t> test_scales(uint32_t format) {
  if (format == static_cast<uint32_t>(TensorFormat::kF16)) return {0};
  for (const TestScales& scales : kTestScales) {
    if (static_cast<uint32_t>(scales.format) != format) continue;
    return scales.min == 0 ? std::vector<uint32_t>{scales.scale_at} : std::vector<uint32_t>{scales.scale_at, scales.min_at};
  }
  return {};
}

/// `count` small weights in the format, from a seed; the last block is whole.
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
      const size_t start = out.size();
      for (uint32_t byte = 0; byte < block.bytes; ++byte) out.push_back(static_cast<char>(random.next()));
      for (const TestScales& scales : kTestScales) {
        if (scales.format != kind) continue;
        const half scale = half_from_float(scales.scale * (1.5f + random.uniform())), min = half_from_float(scales.min);
        std::memcpy(out.data() + start + scales.scale_at, &scale, sizeof scale);
        if (scales.min != 0) std::memcpy(out.data() + start + scales.min_at, &min, sizeof min);
      }
    }
  }
  return out;
}

}  // namespace slackwater
