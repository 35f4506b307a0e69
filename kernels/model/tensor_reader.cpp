#include "tensor_reader.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "../lib/half.h"

namespace slackwater {
namespace {

/// The least index noted by any thread. Values are checked where they are dequantised anyway: a pass of its own over a
/// 4-bit model took a fifth of the time of loading it.
class FirstBad {
 public:
  /// False when a value of `count`, the first of which has index `start`, is NaN or infinite.
  bool check(const float* values, size_t count, size_t start) {
    if (!has_bad(values, count)) return true;
    size_t bad = 0;
    while (std::isfinite(values[bad])) ++bad;
    size_t seen = first_.load();
    while (start + bad < seen && !first_.compare_exchange_weak(seen, start + bad)) {
    }
    return false;
  }
  bool found() const { return first_.load() != SIZE_MAX; }
  size_t at() const { return first_.load(); }

 private:
  /// As integers, magnitudes are in order and NaN is above all; and integers are compared four at a time.
  static bool has_bad(const float* values, size_t count) {
    int32_t bad = 0;
    for (size_t i = 0; i < count; ++i) {
      int32_t bits;
      std::memcpy(&bits, values + i, sizeof bits);
      bad |= (bits & 0x7fffffff) >= 0x7f800000;
    }
    return bad != 0;
  }

  std::atomic<size_t> first_{SIZE_MAX};
};

size_t row_bytes(const WeightTensor& tensor) {
  const FormatBlock block = format_block(static_cast<uint32_t>(tensor.format));
  return static_cast<size_t>(tensor.shape[0]) / block.values * block.bytes;
}

}  // namespace

const WeightTensor* TensorReader::find_shape(const std::string& name, int64_t cols, int64_t rows) {
  if (error_) return nullptr;
  const std::string file_name = names_.in_file(name);
  const WeightTensor* tensor = weights_.find(file_name);
  if (tensor == nullptr) {
    error_.set(kModelInvalid, "tensor '" + file_name + "' is missing");
    return nullptr;
  }
  const uint64_t* shape = tensor->shape;
  if (shape[0] != static_cast<uint64_t>(cols) || shape[1] != static_cast<uint64_t>(rows) || shape[2] != 1 || shape[3] != 1) {
    error_.set(kModelInvalid, "tensor '" + file_name + "' has shape " + std::to_string(shape[0]) + " x " + std::to_string(shape[1]) +
                                  (shape[2] == 1 && shape[3] == 1 ? "" : " x ..") + "; the model's numbers ask for " + std::to_string(cols) + " x " + std::to_string(rows));
    return nullptr;
  }
  used_.push_back(tensor);
  return tensor;
}

const WeightTensor* TensorReader::find(const std::string& name, int64_t cols, int64_t rows) {
  const WeightTensor* tensor = find_shape(name, cols, rows);
  if (tensor == nullptr) return nullptr;
  constexpr size_t kChunk = 4 * kFormatBlockMax;  // Values; a multiple of every format's block, and small enough for a stack.
  const FormatBlock block = format_block(static_cast<uint32_t>(tensor->format));
  const size_t width = static_cast<size_t>(cols), bytes = row_bytes(*tensor);
  FirstBad bad;
  pool_.run(static_cast<int>(rows), [&](int row, int) {
    float chunk[kChunk];
    for (size_t from = 0; from < width; from += kChunk) {
      const size_t count = std::min(kChunk, width - from);
      dequantize(tensor->format, tensor->data + static_cast<size_t>(row) * bytes + from / block.values * block.bytes, count, chunk);
      bad.check(chunk, count, static_cast<size_t>(row) * width + from);
    }
  });
  if (bad.found()) refuse_value(*tensor, bad.at());
  return error_ ? nullptr : tensor;
}

Buffer<float> TensorReader::read(const std::string& name, int64_t cols, int64_t rows) {
  const WeightTensor* tensor = find_shape(name, cols, rows);
  if (tensor == nullptr) return {};
  Buffer<float> out(static_cast<size_t>(cols * rows));
  const size_t width = static_cast<size_t>(cols), bytes = row_bytes(*tensor);
  FirstBad bad;
  pool_.run(static_cast<int>(rows), [&](int row, int) {
    const size_t start = static_cast<size_t>(row) * width;
    dequantize(tensor->format, tensor->data + static_cast<size_t>(row) * bytes, width, out.data() + start);
    bad.check(out.data() + start, width, start);
  });
  if (!bad.found()) return out;
  refuse_value(*tensor, bad.at());
  return {};
}

Buffer<float> TensorReader::read_norm(const std::string& name, int64_t cols) {
  Buffer<float> out = read(name, cols, 1);
  for (size_t i = 0; norm_offset_ != 0 && i < out.size(); ++i) out.data()[i] += norm_offset_;
  return out;
}

const std::byte* TensorReader::Row::data() const { return tensor->data + static_cast<size_t>(index) * row_bytes(*tensor); }

std::vector<TensorReader::Row> TensorReader::rows(const std::vector<Part>& parts, int32_t cols) {
  std::vector<Row> out;
  for (const Part& part : parts) {
    const WeightTensor* tensor = find_shape(part.name, cols, part.rows);
    if (tensor == nullptr) return {};
    for (int32_t row = 0; row < part.rows; ++row) out.push_back({tensor, row});
  }
  return out;
}

void TensorReader::refuse_row(const Row& row) {
  const auto width = static_cast<size_t>(row.tensor->shape[0]);
  Buffer<float> values(width);
  dequantize(row.tensor->format, row.data(), width, values.data());
  size_t bad = 0;
  while (bad < width && std::isfinite(values.data()[bad])) ++bad;
  if (bad < width) return refuse_value(*row.tensor, static_cast<size_t>(row.index) * width + bad);
  error_.set(kModelUnsupported, "tensor '" + row.tensor->name + "' has a scale or minimum beyond binary16 (" + std::to_string(kHalfMax) + ") in row " + std::to_string(row.index));
}

void TensorReader::check_all_used() {
  if (error_) return;
  for (const WeightTensor& tensor : weights_.tensors()) {
    if (std::find(used_.begin(), used_.end(), &tensor) != used_.end() || names_.is_spare(tensor.name)) continue;
    error_.set(kModelUnsupported, "tensor '" + tensor.name + "' has no place in what its architecture computes (" + std::to_string(weights_.tensors().size()) +
                                      " tensors, " + std::to_string(used_.size()) + " of them used)");
    return;
  }
}

void TensorReader::refuse_value(const WeightTensor& tensor, size_t at) {
  const FormatBlock block = format_block(static_cast<uint32_t>(tensor.format));
  const size_t values = tensor.bytes / block.bytes * block.values;
  float of_block[kFormatBlockMax];
  dequantize(tensor.format, tensor.data + at / block.values * block.bytes, block.values, of_block);
  const float found = of_block[at % block.values];
  error_.set(kModelInvalid, "tensor '" + tensor.name + "' holds " + (std::isnan(found) ? "nan" : std::to_string(found)) + " at value " + std::to_string(at) + " of " + std::to_string(values) +
                                "; finite weights are needed");
}

}  // namespace slackwater
