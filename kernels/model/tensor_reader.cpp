#include "tensor_reader.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "../ops/gemm/gemm.h"

namespace slackwater {
namespace {

constexpr float kFloatMax = std::numeric_limits<float>::max();

/// The least index noted by any thread. Values are checked where they are dequantised anyway: a pass of its own over a
/// 4-bit model took a fifth of the time of loading it.
class FirstBad {
 public:
  explicit FirstBad(float largest) : largest_(largest) { std::memcpy(&limit_, &largest, sizeof limit_); }

  /// False when a value of `count`, the first of which has index `start`, is NaN or too large in magnitude.
  bool check(const float* values, size_t count, size_t start) {
    if (!has_bad(values, count)) return true;
    size_t bad = 0;
    while (std::fabs(values[bad]) <= largest_) ++bad;  // NaN is not.
    size_t seen = first_.load();
    while (start + bad < seen && !first_.compare_exchange_weak(seen, start + bad)) {
    }
    return false;
  }
  bool found() const { return first_.load() != SIZE_MAX; }
  size_t at() const { return first_.load(); }

 private:
  /// As integers, magnitudes are in order and NaN is above all; and integers are compared four at a time.
  bool has_bad(const float* values, size_t count) const {
    int32_t bad = 0;
    for (size_t i = 0; i < count; ++i) {
      int32_t bits;
      std::memcpy(&bits, values + i, sizeof bits);
      bad |= (bits & 0x7fffffff) > limit_;
    }
    return bad != 0;
  }

  const float largest_;
  int32_t limit_;
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
  FirstBad bad(kFloatMax);
  pool_.run(static_cast<int>(rows), [&](int row, int) {
    float chunk[kChunk];
    for (size_t from = 0; from < width; from += kChunk) {
      const size_t count = std::min(kChunk, width - from);
      dequantize(tensor->format, tensor->data + static_cast<size_t>(row) * bytes + from / block.values * block.bytes, count, chunk);
      bad.check(chunk, count, static_cast<size_t>(row) * width + from);
    }
  });
  if (bad.found()) refuse_value(*tensor, bad.at(), kFloatMax);
  return error_ ? nullptr : tensor;
}

Buffer<float> TensorReader::read(const std::string& name, int64_t cols, int64_t rows) {
  const WeightTensor* tensor = find_shape(name, cols, rows);
  if (tensor == nullptr) return {};
  Buffer<float> out(static_cast<size_t>(cols * rows));
  const size_t width = static_cast<size_t>(cols), bytes = row_bytes(*tensor);
  FirstBad bad(kFloatMax);
  pool_.run(static_cast<int>(rows), [&](int row, int) {
    const size_t start = static_cast<size_t>(row) * width;
    dequantize(tensor->format, tensor->data + static_cast<size_t>(row) * bytes, width, out.data() + start);
    bad.check(out.data() + start, width, start);
  });
  if (!bad.found()) return out;
  refuse_value(*tensor, bad.at(), kFloatMax);
  return {};
}

Buffer<float> TensorReader::read_norm(const std::string& name, int64_t cols) {
  Buffer<float> out = read(name, cols, 1);
  for (size_t i = 0; norm_offset_ != 0 && i < out.size(); ++i) out.data()[i] += norm_offset_;
  return out;
}

void TensorReader::pack(const std::vector<Part>& parts, int32_t cols, half* out) {
  struct Row {
    const WeightTensor* tensor;
    size_t index;
  };
  std::vector<Row> rows;
  for (const Part& part : parts) {
    const WeightTensor* tensor = find_shape(part.name, cols, part.rows);
    if (tensor == nullptr) return;
    for (int32_t row = 0; row < part.rows; ++row) rows.push_back({tensor, static_cast<size_t>(row)});
  }
  const int32_t n = static_cast<int32_t>(rows.size());
  const size_t width = static_cast<size_t>(cols), values = static_cast<size_t>(kPanelColumns) * width;
  Buffer<float> scratch(values * static_cast<size_t>(pool_.threads()));
  FirstBad bad(kHalfMax);
  pool_.run(panel_count(n), [&](int panel, int thread) {
    float* block = scratch.data() + values * static_cast<size_t>(thread);
    const int32_t first = panel * kPanelColumns, count = std::min(kPanelColumns, n - first);
    for (int32_t row = 0; row < count; ++row) {
      const Row& from = rows[static_cast<size_t>(first + row)];
      dequantize(from.tensor->format, from.tensor->data + from.index * row_bytes(*from.tensor), width, block + static_cast<size_t>(row) * width);
    }
    const bool is_good = bad.check(block, static_cast<size_t>(count) * width, static_cast<size_t>(first) * width);
    if (is_good) pack_panel(out + static_cast<size_t>(panel) * panel_size(cols), block, count, cols);
  });
  if (!bad.found()) return;
  const Row& row = rows[bad.at() / width];
  refuse_value(*row.tensor, row.index * width + bad.at() % width, kHalfMax);
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

void TensorReader::refuse_value(const WeightTensor& tensor, size_t at, float largest) {
  const FormatBlock block = format_block(static_cast<uint32_t>(tensor.format));
  const size_t values = tensor.bytes / block.bytes * block.values;
  float of_block[kFormatBlockMax];
  dequantize(tensor.format, tensor.data + at / block.values * block.bytes, block.values, of_block);
  const float found = of_block[at % block.values];
  error_.set(std::isfinite(found) ? kModelUnsupported : kModelInvalid,
             "tensor '" + tensor.name + "' holds " + (std::isnan(found) ? "nan" : std::to_string(found)) + " at value " + std::to_string(at) + " of " + std::to_string(values) +
                 "; finite weights of at most " + std::to_string(largest) + " are needed");
}

}  // namespace slackwater
