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
#include "tensor_reader.h"

namespace slackwater {
namespace {

/// Rows of a unit of the ops that go row by row.
constexpr int32_t kUnitRows = 16;
/// A block of activations that stays in a core's second-level cache (2 MiB) while the panels pass over it.
constexpr int32_t kActivationBytes = 1 << 20;
/// Up to this many rows, a unit of gemm takes several panels, see multiply_rows in ops/gemm/panel.h.
constexpr int32_t kFewRows = 4;
constexpr int32_t kFewRowsPanels = 3;

/// Panels lie in CpuBackend::weights_.
struct Matrix {
  const half* panels = nullptr;
  int32_t n = 0;
  int32_t k = 0;

  static size_t size(int32_t n, int32_t k) { return static_cast<size_t>(panel_count(n)) * panel_size(k); }
};

struct Layer {
  Buffer<float> attention_norm, ffn_norm;  // [hidden]
  Matrix qkv, o, gate_up, down;
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const CpuOps& ops, int threads) : ops_(ops), pool_(threads), numerics_(std::string("cpu-f16-") + isa_name(ops.isa)) {}
  bool load(const GgufFile& file, Error& error);

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
  void multiply(float* out, int32_t out_stride, const float* a, const Matrix& matrix, int32_t rows, bool accumulate);
  template <class Work>
  void each_rows(int32_t rows, const Work& work);
  void norm(float* out, const float* x, const Buffer<float>& weight, int32_t rows);

  const CpuOps& ops_;
  ThreadPool pool_;
  std::string numerics_;
  ModelShape shape_{};
  LlamaNumbers numbers_{};
  Buffer<std::byte> embedding_;  // As in the file.
  TensorFormat embedding_format_{};
  Buffer<half> weights_;
  Matrix output_;
  Buffer<float> output_norm_, rope_table_;
  std::vector<Layer> layers_;

  std::atomic<Status> refusal_{Status::kOk};  // of an op, in this run
  Buffer<float> x_, normed_, qkv_, attended_, gate_up_, hidden_;  // [rows, ..]
  std::optional<Attend> attend_;
};

bool CpuBackend::load(const GgufFile& file, Error& error) {
  ModelInfo info;
  if (!read_llama_numbers(file, info, numbers_, error)) return false;
  shape_ = info.shape;
  if (const std::string refusal = Attend::refusal(shape_); !refusal.empty()) {
    error.set(kModelUnsupported, refusal);
    return false;
  }
  TensorReader reader(file.weights(), pool_, error);
  const int32_t hidden = shape_.hidden, q_size = shape_.heads * shape_.head_dim, kv_size = shape_.kv_heads * shape_.head_dim;
  // All matrices in one allocation: then they lie on large pages, which the reading of decode needs for its speed.
  weights_ = Buffer<half>(Matrix::size(shape_.vocab, hidden) +
                          static_cast<size_t>(shape_.layers) * (Matrix::size(qkv_size(), hidden) + Matrix::size(hidden, q_size) +
                                                                Matrix::size(2 * shape_.ffn, hidden) + Matrix::size(hidden, shape_.ffn)));
  half* free = weights_.data();
  const auto pack = [&](const std::vector<TensorReader::Part>& parts, int32_t k) {
    Matrix out{free, 0, k};
    for (const auto& part : parts) out.n += part.rows;
    reader.pack(parts, k, free);
    free += Matrix::size(out.n, k);
    return out;
  };
  if (const WeightTensor* table = reader.find("token_embd.weight", hidden, shape_.vocab)) {
    embedding_ = Buffer<std::byte>(table->bytes);
    embedding_format_ = table->format;
    std::memcpy(embedding_.data(), table->data, table->bytes);
  }
  output_norm_ = reader.read("output_norm.weight", hidden, 1);
  output_ = pack({{reader.has("output.weight") ? "output.weight" : "token_embd.weight", shape_.vocab}}, hidden);
  for (int32_t i = 0; i < shape_.layers && !error; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    layers_.push_back({reader.read(prefix + "attn_norm.weight", hidden, 1), reader.read(prefix + "ffn_norm.weight", hidden, 1),
                       pack({{prefix + "attn_q.weight", q_size}, {prefix + "attn_k.weight", kv_size}, {prefix + "attn_v.weight", kv_size}}, hidden),
                       pack({{prefix + "attn_output.weight", hidden}}, q_size),
                       pack({{prefix + "ffn_gate.weight", shape_.ffn}, {prefix + "ffn_up.weight", shape_.ffn}}, hidden),
                       pack({{prefix + "ffn_down.weight", hidden}}, shape_.ffn)});
  }
  Buffer<float> factors;
  if (reader.has("rope_freqs.weight")) factors = reader.read("rope_freqs.weight", numbers_.rope_pairs, 1);
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
  normed_.reserve(rows * shape_.hidden);
  qkv_.reserve(rows * qkv_size());
  attended_.reserve(rows * std::max(shape_.heads * shape_.head_dim, shape_.hidden));
  gate_up_.reserve(rows * 2 * shape_.ffn);
  hidden_.reserve(rows * shape_.ffn);
}

void CpuBackend::run_layer(int32_t rows, int32_t index, std::byte* arena) {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  norm(normed_.data(), x_.data(), layer.attention_norm, rows);
  multiply(qkv_.data(), qkv_size(), normed_.data(), layer.qkv, rows, false);
  attend(index, arena);
  multiply(x_.data(), shape_.hidden, attended_.data(), layer.o, rows, true);
  norm(normed_.data(), x_.data(), layer.ffn_norm, rows);
  multiply(gate_up_.data(), 2 * shape_.ffn, normed_.data(), layer.gate_up, rows, false);
  each_rows(rows, [&](int32_t first, int32_t count) {
    const auto at = static_cast<size_t>(first);
    note(ops_.swiglu({hidden_.data() + at * shape_.ffn, gate_up_.data() + at * 2 * shape_.ffn, count, shape_.ffn}));
  });
  multiply(x_.data(), shape_.hidden, hidden_.data(), layer.down, rows, true);
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
  norm(normed_.data(), attended_.data(), output_norm_, batch.logits_count);
  multiply(batch.logits, shape_.vocab, normed_.data(), output_, batch.logits_count, false);
}

void CpuBackend::multiply(float* out, int32_t out_stride, const float* a, const Matrix& matrix, int32_t rows, bool accumulate) {
  if (rows == 0) return;
  const int32_t rows_max = std::max(kUnitRows, kActivationBytes / (matrix.k * static_cast<int32_t>(sizeof(float))));
  const int32_t row_blocks = (rows + rows_max - 1) / rows_max, block_rows = (rows + row_blocks - 1) / row_blocks;
  const int32_t panels = panel_count(matrix.n), unit_panels = rows <= kFewRows ? kFewRowsPanels : 1;
  const int32_t panel_units = (panels + unit_panels - 1) / unit_panels;
  pool_.run(row_blocks * panel_units, [&](int unit, int) {
    const int32_t row = unit / panel_units * block_rows, panel = unit % panel_units * unit_panels;
    note(ops_.gemm({out + static_cast<size_t>(row) * out_stride, out_stride, a + static_cast<size_t>(row) * matrix.k, matrix.k,
               {matrix.panels, matrix.n, matrix.k}, std::min(block_rows, rows - row), panel, std::min(panels, panel + unit_panels), accumulate}));
  });
}

template <class Work>
void CpuBackend::each_rows(int32_t rows, const Work& work) {
  pool_.run((rows + kUnitRows - 1) / kUnitRows, [&](int unit, int) {
    const int32_t first = unit * kUnitRows;
    work(first, std::min(kUnitRows, rows - first));
  });
}

void CpuBackend::norm(float* out, const float* x, const Buffer<float>& weight, int32_t rows) {
  each_rows(rows, [&](int32_t first, int32_t count) {
    const size_t at = static_cast<size_t>(first) * shape_.hidden;
    note(ops_.rmsnorm({out + at, x + at, weight.data(), count, shape_.hidden, numbers_.norm_eps}));
  });
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const GgufFile& file, Isa isa, int threads, Error& error) {
  const CpuOps* ops = find_cpu_ops(isa);
  if (ops == nullptr) {
    error.set(kModelUnsupported, std::string("instruction set ") + isa_name(isa) + "; this machine offers up to " + isa_name(best_isa()));
    return nullptr;
  }
  auto backend = std::make_unique<CpuBackend>(*ops, threads);
  if (!backend->load(file, error)) return nullptr;
  return backend;
}

}  // namespace slackwater
