#include "reference_backend.h"

#include <atomic>
#include <cmath>

#include "../ops/attention/attention.h"
#include "../ops/embedding/embedding.h"
#include "../ops/gemm/gemm.h"
#include "../ops/rmsnorm/rmsnorm.h"
#include "../ops/rope/rope.h"
#include "../ops/swiglu/swiglu.h"
#include "batch_check.h"
#include "tensor_reader.h"

namespace slackwater {
namespace {

struct Matrix {
  Buffer<float> weights;  // [n, k]
  int32_t n = 0;
  int32_t k = 0;
};

struct Layer {
  Buffer<float> attention_norm, ffn_norm;  // [hidden]
  Matrix q, k, v, o, gate, up, down;
};

class ReferenceBackend final : public Backend {
 public:
  explicit ReferenceBackend(int threads) : pool_(threads) {}
  bool load(const GgufFile& file, Error& error);

  const ModelShape& shape() const override { return shape_; }
  size_t block_bytes() const override { return layer_values() * static_cast<size_t>(shape_.layers) * sizeof(float); }
  const char* numerics() const override { return "reference-f32"; }
  Status run(const Batch& batch, std::byte* arena) override;

 private:
  size_t layer_values() const { return size_t{2} * shape_.kv_heads * kBlockTokens * shape_.head_dim; }
  void note(Status status);
  void run_layer(const Batch& batch, int32_t layer, std::byte* arena);
  void attend(const Batch& batch, int32_t layer, std::byte* arena);
  void multiply(float* out, int32_t out_stride, const float* a, const Matrix& matrix, int32_t rows, bool accumulate);
  void norm(float* out, const float* x, const Buffer<float>& weight, int32_t rows) {
    note(rmsnorm_ref({out, x, weight.data(), rows, shape_.hidden, numbers_.norm_eps}));
  }

  ThreadPool pool_;
  ModelShape shape_{};
  LlamaNumbers numbers_{};
  Matrix embedding_, output_;  // `output_` is empty when the embeddings are tied.
  Buffer<float> output_norm_, rope_table_;
  std::vector<Layer> layers_;

  std::atomic<Status> refusal_{Status::kOk};  // of an op, in this run
  std::vector<int32_t> positions_;
  std::vector<float> x_, normed_, qkv_, attended_, gate_up_, hidden_;  // [rows, ..]
};

bool ReferenceBackend::load(const GgufFile& file, Error& error) {
  ModelInfo info;
  if (!read_llama_numbers(file, info, numbers_, error)) return false;
  shape_ = info.shape;
  TensorReader reader(file.weights(), pool_, error);
  const auto matrix = [&](const std::string& name, int32_t n, int32_t k) { return Matrix{reader.read(name, k, n), n, k}; };
  const int32_t hidden = shape_.hidden, q_size = shape_.heads * shape_.head_dim, kv_size = shape_.kv_heads * shape_.head_dim;
  embedding_ = matrix("token_embd.weight", shape_.vocab, hidden);
  output_norm_ = reader.read("output_norm.weight", hidden, 1);
  if (reader.has("output.weight")) output_ = matrix("output.weight", shape_.vocab, hidden);
  for (int32_t i = 0; i < shape_.layers && !error; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    layers_.push_back({reader.read(prefix + "attn_norm.weight", hidden, 1), reader.read(prefix + "ffn_norm.weight", hidden, 1),
                       matrix(prefix + "attn_q.weight", q_size, hidden), matrix(prefix + "attn_k.weight", kv_size, hidden),
                       matrix(prefix + "attn_v.weight", kv_size, hidden), matrix(prefix + "attn_output.weight", hidden, q_size),
                       matrix(prefix + "ffn_gate.weight", shape_.ffn, hidden), matrix(prefix + "ffn_up.weight", shape_.ffn, hidden),
                       matrix(prefix + "ffn_down.weight", hidden, shape_.ffn)});
  }
  Buffer<float> factors;
  if (reader.has("rope_freqs.weight")) factors = reader.read("rope_freqs.weight", numbers_.rope_pairs, 1);
  reader.check_all_used();
  if (error) return false;
  rope_table_ = Buffer<float>(static_cast<size_t>(shape_.context_length) * numbers_.rope_pairs * 2);
  fill_rope_table(rope_table_.data(), shape_.context_length, numbers_.rope_pairs, numbers_.rope_base, factors.data());
  return true;
}

Status ReferenceBackend::run(const Batch& batch, std::byte* arena) {
  const Status status = check_batch(batch, shape_);
  if (status != Status::kOk || batch.rows == 0) return status;
  const auto rows = static_cast<size_t>(batch.rows);
  const size_t heads_all = static_cast<size_t>(shape_.heads + 2 * shape_.kv_heads) * shape_.head_dim;
  x_.resize(rows * shape_.hidden);
  normed_.resize(rows * shape_.hidden);
  qkv_.resize(rows * heads_all);
  attended_.resize(rows * shape_.heads * shape_.head_dim);
  gate_up_.resize(rows * 2 * shape_.ffn);
  hidden_.resize(rows * shape_.ffn);
  positions_.clear();
  for (int32_t i = 0; i < batch.sequences; ++i) {
    for (int32_t r = 0; r < batch.views[i].rows; ++r) positions_.push_back(batch.views[i].start + r);
  }
  refusal_.store(Status::kOk, std::memory_order_relaxed);
  note(embedding({x_.data(), reinterpret_cast<const std::byte*>(embedding_.weights.data()), batch.tokens, TensorFormat::kF32, batch.rows, shape_.hidden, shape_.vocab}));
  for (int32_t layer = 0; layer < shape_.layers; ++layer) run_layer(batch, layer, arena);
  const Matrix& head = output_.n > 0 ? output_ : embedding_;
  for (int32_t i = 0; i < batch.logits_count; ++i) {
    norm(normed_.data(), x_.data() + static_cast<size_t>(batch.logits_rows[i]) * shape_.hidden, output_norm_, 1);
    multiply(batch.logits + static_cast<size_t>(i) * shape_.vocab, shape_.vocab, normed_.data(), head, 1, false);
  }
  return refusal_.load(std::memory_order_relaxed);
}

// From any thread of the pool, whose end orders it before run() looks.
void ReferenceBackend::note(Status status) {
  if (status != Status::kOk) refusal_.store(status, std::memory_order_relaxed);
}

void ReferenceBackend::run_layer(const Batch& batch, int32_t index, std::byte* arena) {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  const int32_t rows = batch.rows, head_dim = shape_.head_dim, ffn = shape_.ffn;
  const int32_t stride = (shape_.heads + 2 * shape_.kv_heads) * head_dim;
  norm(normed_.data(), x_.data(), layer.attention_norm, rows);
  multiply(qkv_.data(), stride, normed_.data(), layer.q, rows, false);
  multiply(qkv_.data() + layer.q.n, stride, normed_.data(), layer.k, rows, false);
  multiply(qkv_.data() + layer.q.n + layer.k.n, stride, normed_.data(), layer.v, rows, false);
  note(rope_ref({qkv_.data(), positions_.data(), rope_table_.data(), rows, stride, shape_.heads + shape_.kv_heads, head_dim, numbers_.rope_pairs, shape_.context_length}));
  attend(batch, index, arena);
  multiply(x_.data(), shape_.hidden, attended_.data(), layer.o, rows, true);
  norm(normed_.data(), x_.data(), layer.ffn_norm, rows);
  multiply(gate_up_.data(), 2 * ffn, normed_.data(), layer.gate, rows, false);
  multiply(gate_up_.data() + ffn, 2 * ffn, normed_.data(), layer.up, rows, false);
  note(swiglu_ref({hidden_.data(), gate_up_.data(), rows, ffn}));
  multiply(x_.data(), shape_.hidden, hidden_.data(), layer.down, rows, true);
}

void ReferenceBackend::attend(const Batch& batch, int32_t layer, std::byte* arena) {
  const int32_t stride = (shape_.heads + 2 * shape_.kv_heads) * shape_.head_dim, q_size = shape_.heads * shape_.head_dim;
  const int32_t kv_size = shape_.kv_heads * shape_.head_dim;
  const KvLayer<float> kv{reinterpret_cast<float*>(arena) + layer_values() * static_cast<size_t>(layer),
                          layer_values() * static_cast<size_t>(shape_.layers), shape_.kv_heads, shape_.head_dim};
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape_.head_dim));
  for (int32_t i = 0; i < batch.sequences; ++i) {
    const SequenceView& view = batch.views[i];
    const float* q = qkv_.data() + static_cast<size_t>(view.first_row) * stride;
    note(kv_write_ref({kv, q + q_size, q + q_size + kv_size, stride, view.blocks, view.start, view.rows}));
    pool_.run(shape_.kv_heads, [&](int head, int) {
      note(attention_ref({attended_.data() + static_cast<size_t>(view.first_row) * q_size, q_size, q, stride, kv, view.blocks, view.start,
                     view.rows, shape_.heads, head, head + 1, scale, 0, nullptr}));
    });
  }
}

void ReferenceBackend::multiply(float* out, int32_t out_stride, const float* a, const Matrix& matrix, int32_t rows, bool accumulate) {
  constexpr int32_t kColumns = 64;
  pool_.run((matrix.n + kColumns - 1) / kColumns, [&](int unit, int) {
    const int32_t begin = unit * kColumns, end = matrix.n - begin < kColumns ? matrix.n : begin + kColumns;
    note(gemm_ref({out, out_stride, a, matrix.k, matrix.weights.data(), matrix.n, matrix.k, rows, begin, end, accumulate}));
  });
}

}  // namespace

std::unique_ptr<Backend> make_reference_backend(const GgufFile& file, int threads, Error& error) {
  auto backend = std::make_unique<ReferenceBackend>(threads);
  if (!backend->load(file, error)) return nullptr;
  return backend;
}

}  // namespace slackwater
