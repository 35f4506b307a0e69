#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "../lib/buffer.h"
#include "../lib/error.h"
#include "../lib/half.h"
#include "../lib/thread_pool.h"
#include "llama.h"

namespace slackwater {

/// The numbers of a llama that are not in its shape.
struct LlamaNumbers {
  float norm_eps;
  double rope_base;
  int32_t rope_pairs;  // pairs of a head that are rotated
};

/// False, and `error` set, as read_model_info, which it extends.
bool read_llama_numbers(const GgufFile& file, ModelInfo& info, LlamaNumbers& numbers, Error& error);

/// Finds the tensors of a llama one by one. The first fault (missing, wrong shape, not finite) stays in `error`,
/// and every later call does nothing; so a loader asks for all it needs and looks at `error` once.
class TensorReader {
 public:
  TensorReader(const GgufFile& file, ThreadPool& pool, Error& error) : file_(file), pool_(pool), error_(error) {}

  bool has(const std::string& name) const { return file_.find_tensor(name) != nullptr; }
  /// The tensor as stored, for tables that stay in the format of the file; its values are checked to be finite and at
  /// most `largest`. Null on a fault.
  const GgufTensor* find(const std::string& name, int64_t cols, int64_t rows, float largest = std::numeric_limits<float>::max());
  /// [rows, cols] in fp32; a vector has one row. Empty on a fault.
  Buffer<float> read(const std::string& name, int64_t cols, int64_t rows);
  /// Stacks matrices of `cols` inputs, in order, and packs them for the cpu backend into `out`, which has room for
  /// panel_count(all rows) * panel_size(cols). On a fault, to which belongs a weight beyond binary16, `out` is as it was.
  struct Part {
    std::string name;
    int32_t rows;
  };
  void pack(const std::vector<Part>& parts, int32_t cols, half* out);
  /// A fault when the file has a tensor that nobody asked for: it would be left out of the computation.
  void check_all_used();

 private:
  /// A fault when a value is NaN or above `largest` in magnitude.
  void check_values(const GgufTensor& tensor, float largest);

  const GgufFile& file_;
  ThreadPool& pool_;
  Error& error_;
  std::vector<const GgufTensor*> used_;
};

}  // namespace slackwater
