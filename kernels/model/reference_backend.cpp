#include "reference_backend.h"

#include <algorithm>

#include "../lib/memory.h"
#include "../lib/refusal.h"
#include "../ops/attention/attention.h"
#include "../ops/embedding/embedding.h"
#include "../ops/gemm/gemm.h"
#include "../ops/heads/heads.h"
#include "../ops/rmsnorm/rmsnorm.h"
#include "../ops/rope/rope.h"
#include "../ops/glu/glu.h"
#include "batch_check.h"
#include "layer_vectors.h"

namespace slackwater {
namespace {

struct Matrix {
  Buffer<float> weights;  // [n, k]
  int32_t n = 0;
  int32_t k = 0;
};

struct Layer {
  LayerVectors vectors;
  Matrix q, k, v, o, gate, up, down;
};

class ReferenceBackend final : public Backend {
 public:
  explicit ReferenceBackend(int threads) : pool_(threads) {}
  bool load(const ModelFile& model, Error& error, const LoadOptions& options);

  const ModelShape& shape() const override { return shape_; }
  size_t block_bytes() const override { return layer_values() * static_cast<size_t>(shape_.layers) * sizeof(float); }
  const char* numerics() const override { return "reference-f32"; }
  Status run(const Batch& batch, std::byte* arena) override;

 private:
  size_t layer_values() const { return size_t{2} * shape_.kv_heads * kBlockTokens * shape_.head_dim; }
  MemoryNeed need(const LoadOptions& options) const;
  void note(Status status) { refusal_.note(status); }
  void run_layer(const Batch& batch, int32_t layer, std::byte* arena);
  void attend(const Batch& batch, int32_t layer, std::byte* arena);
  void multiply(float* out, int32_t out_stride, const float* a, const Matrix& matrix, int32_t rows, bool accumulate);
  void add_product(const float* a, const Matrix& matrix, const Buffer<float>& post_norm, int32_t rows);
  void norm(float* out, const float* x, const Buffer<float>& weight, int32_t rows) {
    note(rmsnorm_ref({out, x, weight.data(), rows, shape_.hidden, model_.norm_eps}));
  }

  ThreadPool pool_;
  Architecture model_;
  ModelShape shape_{};
  Matrix embedding_, output_;  // `output_` is empty when the embeddings are tied.
  Buffer<float> output_norm_;
  std::vector<Buffer<float>> rope_tables_;
  std::vector<Layer> layers_;

  Refusal refusal_;  // of an op, in this run
  std::vector<int32_t> positions_;
  std::vector<float> x_, normed_, qkv_, attended_, gate_up_, hidden_, added_;  // [rows, ..]
};

/// What `load` takes, but for the vectors of the layers, and what `run` takes at most.
MemoryNeed ReferenceBackend::need(const LoadOptions& options) const {
  const auto hidden = static_cast<size_t>(shape_.hidden), ffn = static_cast<size_t>(shape_.ffn), vocab = static_cast<size_t>(shape_.vocab);
  const auto q_size = static_cast<size_t>(shape_.heads) * static_cast<size_t>(shape_.head_dim), qkv_size = static_cast<size_t>(model_.qkv_size());
  const size_t layer = hidden * (qkv_size + q_size + 3 * ffn), tables = model_.ropes.size() * static_cast<size_t>(shape_.context_length) * static_cast<size_t>(model_.rope_pairs) * 2;
  const size_t weights = (model_.is_tied ? 1 : 2) * vocab * hidden + static_cast<size_t>(shape_.layers) * layer + tables;
  const size_t activations = static_cast<size_t>(options.rows_max) * (3 * hidden + qkv_size + q_size + 3 * ffn) + static_cast<size_t>(options.logits_max) * vocab;
  return {weights * sizeof(float), options.hbm_bytes, options.dram_bytes, activations * sizeof(float)};
}

bool ReferenceBackend::load(const ModelFile& model, Error& error, const LoadOptions& options) {
  model_ = model.architecture();
  shape_ = model_.shape;
  if (!check_memory(need(options), available_memory(), error)) return false;
  TensorReader reader(model, pool_, error);
  const auto matrix = [&](const std::string& name, int32_t n, int32_t k) { return Matrix{reader.read(name, k, n), n, k}; };
  const int32_t hidden = shape_.hidden, q_size = shape_.heads * shape_.head_dim, kv_size = shape_.kv_heads * shape_.head_dim;
  embedding_ = matrix("token_embd.weight", shape_.vocab, hidden);
  output_norm_ = reader.read_norm("output_norm.weight", hidden);
  if (!model_.is_tied) output_ = matrix("output.weight", shape_.vocab, hidden);
  for (int32_t i = 0; i < shape_.layers && !error; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    layers_.push_back({read_layer_vectors(reader, model_, i), matrix(prefix + "attn_q.weight", q_size, hidden), matrix(prefix + "attn_k.weight", kv_size, hidden),
                       matrix(prefix + "attn_v.weight", kv_size, hidden), matrix(prefix + "attn_output.weight", hidden, q_size),
                       matrix(prefix + "ffn_gate.weight", shape_.ffn, hidden), matrix(prefix + "ffn_up.weight", shape_.ffn, hidden),
                       matrix(prefix + "ffn_down.weight", hidden, shape_.ffn)});
  }
  rope_tables_ = read_rope_tables(reader, model_, error);
  reader.check_all_used();
  return !error;
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
  added_.resize(rows * shape_.hidden);
  positions_.clear();
  for (int32_t i = 0; i < batch.sequences; ++i) {
    for (int32_t r = 0; r < batch.views[i].rows; ++r) positions_.push_back(batch.views[i].start + r);
  }
  refusal_.clear();
  note(embedding({x_.data(), reinterpret_cast<const std::byte*>(embedding_.weights.data()), batch.tokens, TensorFormat::kF32, batch.rows, shape_.hidden, shape_.vocab}));
  for (float& value : x_) value *= model_.embedding_scale;
  for (int32_t layer = 0; layer < shape_.layers; ++layer) run_layer(batch, layer, arena);
  const Matrix& head = output_.n > 0 ? output_ : embedding_;
  for (int32_t i = 0; i < batch.logits_count; ++i) {
    norm(normed_.data(), x_.data() + static_cast<size_t>(batch.logits_rows[i]) * shape_.hidden, output_norm_, 1);
    multiply(batch.logits + static_cast<size_t>(i) * shape_.vocab, shape_.vocab, normed_.data(), head, 1, false);
  }
  return refusal_.status();
}

void ReferenceBackend::run_layer(const Batch& batch, int32_t index, std::byte* arena) {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  const int32_t rows = batch.rows, head_dim = shape_.head_dim, ffn = shape_.ffn;
  const int32_t stride = (shape_.heads + 2 * shape_.kv_heads) * head_dim;
  norm(normed_.data(), x_.data(), layer.vectors.attention_norm, rows);
  multiply(qkv_.data(), stride, normed_.data(), layer.q, rows, false);
  multiply(qkv_.data() + layer.q.n, stride, normed_.data(), layer.k, rows, false);
  multiply(qkv_.data() + layer.q.n + layer.k.n, stride, normed_.data(), layer.v, rows, false);
  const LayerVectors& vectors = layer.vectors;
  note(heads_ref({qkv_.data(), vectors.qkv_bias.data(), vectors.q_norm.data(), vectors.k_norm.data(), rows, shape_.heads, shape_.kv_heads, head_dim, model_.norm_eps}));
  note(rope_ref({qkv_.data(), positions_.data(), rope_tables_[static_cast<size_t>(model_.layers[static_cast<size_t>(index)].rope)].data(), rows, stride,
                 shape_.heads + shape_.kv_heads, head_dim, model_.rope_pairs, shape_.context_length, model_.rope_layout}));
  attend(batch, index, arena);
  add_product(attended_.data(), layer.o, vectors.post_attention_norm, rows);
  norm(normed_.data(), x_.data(), layer.vectors.ffn_norm, rows);
  multiply(gate_up_.data(), 2 * ffn, normed_.data(), layer.gate, rows, false);
  multiply(gate_up_.data() + ffn, 2 * ffn, normed_.data(), layer.up, rows, false);
  note(glu_ref({hidden_.data(), gate_up_.data(), rows, ffn, model_.activation}));
  add_product(hidden_.data(), layer.down, vectors.post_ffn_norm, rows);
}

/// x += a * matrix, or the norm of it.
void ReferenceBackend::add_product(const float* a, const Matrix& matrix, const Buffer<float>& post_norm, int32_t rows) {
  if (post_norm.size() == 0) return multiply(x_.data(), shape_.hidden, a, matrix, rows, true);
  multiply(added_.data(), shape_.hidden, a, matrix, rows, false);
  norm(added_.data(), added_.data(), post_norm, rows);
  for (size_t i = 0; i < static_cast<size_t>(rows) * shape_.hidden; ++i) x_[i] += added_[i];
}

void ReferenceBackend::attend(const Batch& batch, int32_t layer, std::byte* arena) {
  const int32_t stride = (shape_.heads + 2 * shape_.kv_heads) * shape_.head_dim, q_size = shape_.heads * shape_.head_dim;
  const int32_t kv_size = shape_.kv_heads * shape_.head_dim;
  const KvRefLayer kv{reinterpret_cast<float*>(arena) + layer_values() * static_cast<size_t>(layer),
                          layer_values() * static_cast<size_t>(shape_.layers), shape_.kv_heads, shape_.head_dim};
  for (int32_t i = 0; i < batch.sequences; ++i) {
    const SequenceView& view = batch.views[i];
    const float* q = qkv_.data() + static_cast<size_t>(view.first_row) * stride;
    note(kv_write_ref({kv, q + q_size, q + q_size + kv_size, stride, view.blocks, view.start, view.rows}));
    pool_.run(shape_.kv_heads, [&](int head, int) {
      note(attention_ref({attended_.data() + static_cast<size_t>(view.first_row) * q_size, q_size, q, stride, kv, view.blocks, view.start,
                     view.rows, shape_.heads, head, head + 1, model_.attention_scale, model_.layers[static_cast<size_t>(layer)].window}));
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

std::unique_ptr<Backend> make_reference_backend(const ModelFile& model, int threads, Error& error, const LoadOptions& options) {
  auto backend = std::make_unique<ReferenceBackend>(threads);
  if (!backend->load(model, error, options)) return nullptr;
  return backend;
}

}  // namespace slackwater
