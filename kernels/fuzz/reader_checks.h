#pragma once

// What holds of every model file that a reader takes, and of every fault that it answers with instead.

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "../lib/check.h"
#include "../lib/error.h"
#include "../lib/tensor_format.h"
#include "../model/architecture.h"
#include "../model/weight_table.h"

namespace slackwater {

constexpr size_t kValuesRead = 1 << 16;  // Of one tensor: enough to see its end, too few to make a run slow.

inline void check_fault(bool is_taken, const Error& error) {
  CHECK(is_taken != static_cast<bool>(error), "an answer and a fault go together: '%s'", error.message.c_str());
  if (is_taken) return;
  CHECK(error.code == kModelInvalid || error.code == kModelUnsupported, "code '%s'", error.code.c_str());
  CHECK(error.message.size() > 10, "a message: '%s'", error.message.c_str());
}

/// Every tensor lies inside the file and in no other, and its first and last values can be read.
inline void check_tensors(const std::vector<WeightTensor>& tensors, std::span<const std::byte> file) {
  std::vector<std::pair<const std::byte*, const std::byte*>> places;
  for (const WeightTensor& tensor : tensors) {
    const FormatBlock block = format_block(static_cast<uint32_t>(tensor.format));
    const uint64_t values = tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
    CHECK(values > 0 && values % block.values == 0 && values / block.values * block.bytes == tensor.bytes, "'%s'", tensor.name.c_str());
    CHECK(tensor.data >= file.data() && tensor.bytes <= static_cast<size_t>(file.data() + file.size() - tensor.data), "'%s' is inside", tensor.name.c_str());
    places.emplace_back(tensor.data, tensor.data + tensor.bytes);
    std::vector<float> out(std::min<uint64_t>(values, kValuesRead / block.values * block.values));
    dequantize(tensor.format, tensor.data, out.size(), out.data());
    dequantize(tensor.format, tensor.data + (values - out.size()) / block.values * block.bytes, out.size(), out.data());
  }
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i) CHECK(places[i - 1].second <= places[i].first, "no byte belongs to two tensors (%zu)", i);
}

/// An architecture that is taken can be computed: no product of its numbers overflows, and nothing is indexed beyond its end.
inline void check_numbers(const Architecture& it) {
  const ModelShape& shape = it.shape;
  for (const int32_t number : {shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.head_dim, shape.ffn, shape.vocab, shape.context_length}) {
    CHECK(number >= 1 && number <= kNumberMax, "a dimension of %d", number);
  }
  CHECK(shape.heads % shape.kv_heads == 0 && int64_t{shape.heads} * shape.head_dim <= kNumberMax, "%d heads of %d on %d", shape.heads, shape.head_dim, shape.kv_heads);
  CHECK(it.rope_pairs >= 1 && 2 * it.rope_pairs <= shape.head_dim, "%d pairs of %d", it.rope_pairs, shape.head_dim);
  CHECK(it.layers.size() == static_cast<size_t>(shape.layers), "%zu layers", it.layers.size());
  for (const LayerFacts& layer : it.layers) CHECK(layer.window >= 0 && layer.rope >= 0 && static_cast<size_t>(layer.rope) < it.ropes.size(), "rope %d of %zu", layer.rope, it.ropes.size());
  for (const RopeFacts& rope : it.ropes) CHECK(rope.factors.empty() || rope.factors.size() == static_cast<size_t>(it.rope_pairs), "%zu factors", rope.factors.size());
}

/// A number as it lies in a file.
template <class T>
std::string fuzz_word(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace slackwater
