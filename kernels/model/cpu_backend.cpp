#include "cpu_backend.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <optional>

#include "../ops/cpu_ops.h"
#include "../ops/embedding/embedding.h"
#include "attend.h"
#include "batch_check.h"
#include "matrix.h"
#include "tensor_reader.h"

namespace slackwater {
namespace {

/// Rows of a unit of the ops that go row by row.
constexpr int32_t kUnitRows = 16;

struct Layer {
  Buffer<float> attention_norm, ffn_norm;  // [hidden]
  const Matrix *qkv, *o, *gate_up, *down;  // In CpuBackend::matrices_.
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const CpuOps& ops, int threads) : ops_(ops), pool_(threads), numerics_(std::string("cpu-f16-") + isa_name(ops.isa)) {}
  bool load(const GgufFile& file, WeightMode mode, Error& error);

  const ModelShape& shape() const override { return shape_; }
  size_t block_bytes() const override { return layer_values() * static_cast<size_t>(shape_.layers) * sizeof(half); }
  const char* numerics() const override { return numerics_.c_str(); }
  Status run(const Batch& batch, std::byte* arena) override;

 private:
  size_t layer_values() const { return size_t{2} * shape_.kv_heads * kBlockTokens * shape_.head_dim; }
  int32_t qkv_size() const { return (shape_.heads + 2 * shape_.kv_heads) * shape_.head_dim; }
  void reserve(const Batch& batch);
  void note(Status status);
  void run_layer(int32_t rows, int32_t layer, std::byte* arena);
  void attend(int32_t layer, std::byte* arena);
  void run_logits(const Batch& batch);
  void multiply(float* out, int32_t out_stride, const Activations& a, const Matrix& matrix, int32_t rows, bool accumulate);
  template <class Work>
  void each_rows(int32_t rows, const Work& work);
  void norm(Activations& out, const float* x, const Buffer<float>& weight, int32_t rows);

  const CpuOps& ops_;
  ThreadPool pool_;
  std::string numerics_;
  ModelShape shape_{};
  LlamaNumbers numbers_{};
  Buffer<std::byte> embedding_;  // As in the file.
  TensorFormat embedding_format_{};
  MatrixStore matrices_;
  const Matrix* output_ = nullptr;
  Buffer<float> output_norm_, rope_table_;
  std::vector<Layer> layers_;

  std::atomic<Status> refusal_{Status::kOk};  // of an op, in this run
  Buffer<float> x_, qkv_, attended_, gate_up_;  // [rows, ..]
  Activations normed_, mixed_, hidden_;         // Of x_, attended_ and gate_up_.
  std::optional<Attend> attend_;
};

bool CpuBackend::load(const GgufFile& file, WeightMode mode, Error& error) {
  ModelInfo info;
  if (!read_llama_numbers(file, info, numbers_, error)) return false;
  shape_ = info.shape;
  if (const std::string refusal = Attend::refusal(shape_); !refusal.empty()) {
    error.set(kModelUnsupported, refusal);
    return false;
  }
  TensorReader reader(file.weights(), pool_, error);
  const int32_t hidden = shape_.hidden, q_size = shape_.heads * shape_.head_dim, kv_size = shape_.kv_heads * shape_.head_dim;
  const auto linear = [&](std::vector<TensorReader::Part> parts, int32_t k) { return matrices_.add(std::move(parts), k); };
  if (const WeightTensor* table = reader.find("token_embd.weight", hidden, shape_.vocab)) {
    embedding_ = Buffer<std::byte>(table->bytes);
    embedding_format_ = table->format;
    std::memcpy(embedding_.data(), table->data, table->bytes);
  }
  output_norm_ = reader.read("output_norm.weight", hidden, 1);
  output_ = linear({{reader.has("output.weight") ? "output.weight" : "token_embd.weight", shape_.vocab}}, hidden);
  for (int32_t i = 0; i < shape_.layers && !error; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    layers_.push_back({reader.read(prefix + "attn_norm.weight", hidden, 1), reader.read(prefix + "ffn_norm.weight", hidden, 1),
                       linear({{prefix + "attn_q.weight", q_size}, {prefix + "attn_k.weight", kv_size}, {prefix + "attn_v.weight", kv_size}}, hidden),
                       linear({{prefix + "attn_output.weight", hidden}}, q_size),
                       linear({{prefix + "ffn_gate.weight", shape_.ffn}, {prefix + "ffn_up.weight", shape_.ffn}}, hidden),
                       linear({{prefix + "ffn_down.weight", hidden}}, shape_.ffn)});
  }
  Buffer<float> factors;
  if (reader.has("rope_freqs.weight")) factors = reader.read("rope_freqs.weight", numbers_.rope_pairs, 1);
  matrices_.pack(reader, mode);
  reader.check_all_used();
  if (error) return false;
  rope_table_ = Buffer<float>(static_cast<size_t>(shape_.context_length) * numbers_.rope_pairs * 2);
  fill_rope_table(rope_table_.data(), shape_.context_length, numbers_.rope_pairs, numbers_.rope_base, factors.data());
  attend_.emplace(ops_, pool_, shape_);
  return true;
}

Status CpuBackend::run(const Batch& batch, std::byte* arena) {
  const Status status = check_batch(batch, shape_);
  if (status != Status::kOk || batch.rows == 0) return status;
  reserve(batch);
  attend_->plan(batch);
  refusal_.store(Status::kOk, std::memory_order_relaxed);
  note(embedding({x_.data(), embedding_.data(), batch.tokens, embedding_format_, batch.rows, shape_.hidden, shape_.vocab}));
  for (int32_t layer = 0; layer < shape_.layers; ++layer) run_layer(batch.rows, layer, arena);
  run_logits(batch);
  return refusal_.load(std::memory_order_relaxed);
}

// From any thread of the pool, whose end orders it before run() looks.
void CpuBackend::note(Status status) {
  if (status != Status::kOk) refusal_.store(status, std::memory_order_relaxed);
}

void CpuBackend::reserve(const Batch& batch) {
  const auto rows = static_cast<size_t>(std::max(batch.rows, batch.logits_count));
  x_.reserve(rows * shape_.hidden);
  normed_.reserve(rows, shape_.hidden);
  mixed_.reserve(rows, shape_.heads * shape_.head_dim);
  qkv_.reserve(rows * qkv_size());
  attended_.reserve(rows * std::max(shape_.heads * shape_.head_dim, shape_.hidden));
  gate_up_.reserve(rows * 2 * shape_.ffn);
  hidden_.reserve(rows, shape_.ffn);
}

void CpuBackend::run_layer(int32_t rows, int32_t index, std::byte* arena) {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  norm(normed_, x_.data(), layer.attention_norm, rows);
  multiply(qkv_.data(), qkv_size(), normed_, *layer.qkv, rows, false);
  attend(index, arena);
  each_rows(rows, [&](int32_t first, int32_t count) { note(mixed_.take(ops_, attended_.data(), mixed_.k(), first, count)); });
  multiply(x_.data(), shape_.hidden, mixed_, *layer.o, rows, true);
  norm(normed_, x_.data(), layer.ffn_norm, rows);
  multiply(gate_up_.data(), 2 * shape_.ffn, normed_, *layer.gate_up, rows, false);
  each_rows(rows, [&](int32_t first, int32_t count) { note(hidden_.take_swiglu(ops_, gate_up_.data(), first, count)); });
  multiply(x_.data(), shape_.hidden, hidden_, *layer.down, rows, true);
}

void CpuBackend::attend(int32_t layer, std::byte* arena) {
  const KvLayer<half> kv{reinterpret_cast<half*>(arena) + layer_values() * static_cast<size_t>(layer),
                         layer_values() * static_cast<size_t>(shape_.layers), shape_.kv_heads, shape_.head_dim};
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape_.head_dim));
  note(attend_->run({attended_.data(), qkv_.data(), kv, rope_table_.data(), numbers_.rope_pairs, scale, 0}));
}

void CpuBackend::run_logits(const Batch& batch) {
  const auto hidden = static_cast<size_t>(shape_.hidden);
  for (int32_t i = 0; i < batch.logits_count; ++i) {
    std::memcpy(attended_.data() + static_cast<size_t>(i) * hidden, x_.data() + static_cast<size_t>(batch.logits_rows[i]) * hidden, hidden * sizeof(float));
  }
  norm(normed_, attended_.data(), output_norm_, batch.logits_count);
  multiply(batch.logits, shape_.vocab, normed_, *output_, batch.logits_count, false);
}

void CpuBackend::multiply(float* out, int32_t out_stride, const Activations& a, const Matrix& matrix, int32_t rows, bool accumulate) {
  note(matrix.multiply(pool_, ops_, a, rows, out, out_stride, accumulate));
}

template <class Work>
void CpuBackend::each_rows(int32_t rows, const Work& work) {
  pool_.run((rows + kUnitRows - 1) / kUnitRows, [&](int unit, int) {
    const int32_t first = unit * kUnitRows;
    work(first, std::min(kUnitRows, rows - first));
  });
}

void CpuBackend::norm(Activations& out, const float* x, const Buffer<float>& weight, int32_t rows) {
  each_rows(rows, [&](int32_t first, int32_t count) { note(out.take_rmsnorm(ops_, x, weight.data(), numbers_.norm_eps, first, count)); });
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const GgufFile& file, Isa isa, WeightMode mode, int threads, Error& error) {
  const CpuOps* ops = find_cpu_ops(isa);
  if (ops == nullptr) {
    error.set(kModelUnsupported, std::string("instruction set ") + isa_name(isa) + "; this machine offers up to " + isa_name(best_isa()));
    return nullptr;
  }
  auto backend = std::make_unique<CpuBackend>(*ops, threads);
  if (!backend->load(file, mode, error)) return nullptr;
  return backend;
}

}  // namespace slackwater
