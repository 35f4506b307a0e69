#include "cpu_backend.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "../lib/memory.h"
#include "../lib/profile.h"
#include "../lib/refusal.h"
#include "../ops/cpu_ops.h"
#include "../ops/embedding/embedding.h"
#include "attend.h"
#include "batch_check.h"
#include "layer_vectors.h"
#include "matrix.h"

namespace slackwater {
namespace {

/// Rows of a unit of the ops that go row by row.
constexpr int32_t kUnitRows = 16;
/// Rows that pass through a layer's feed-forward part together: what the ops hand on to each other stays in the cores' caches
/// (1.5 MiB at 1536 values), and the weights are read for enough rows that their memory does not bound.
constexpr int32_t kFeedForwardRows = 256;

struct Layer {
  LayerVectors vectors;
  const Matrix *qkv, *o, *gate_up, *down;  // In CpuBackend::matrices_.
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const CpuOps& ops, int threads) : ops_(ops), pool_(threads) {}
  bool load(const ModelFile& model, WeightMode mode, Error& error, const LoadOptions& options);

  const ModelShape& shape() const override { return shape_; }
  size_t block_bytes() const override { return layer_bytes() * static_cast<size_t>(shape_.layers); }
  const char* numerics() const override { return numerics_.c_str(); }
  int threads() const override { return pool_.threads(); }
  void set_profile(Profile* profile) override { profile_ = profile; }
  WeightMode weight_mode() const override { return matrices_.mode(); }
  size_t weight_bytes() const override { return matrices_.bytes() + embedding_.size(); }
  Status run(const Batch& batch, std::byte* arena) override;

 private:
  size_t layer_bytes() const { return kv_layer_bytes(shape_.kv_heads, shape_.head_dim); }
  int32_t qkv_size() const { return model_.qkv_size(); }
  size_t activation_bytes(const LoadOptions& options) const;
  void reserve(const Batch& batch);
  void note(Status status) { refusal_.note(status); }
  void run_layer(int32_t rows, int32_t layer, std::byte* arena);
  void attend(int32_t rows, int32_t layer, std::byte* arena);
  void embed(const Batch& batch);
  void weigh_attention(const Batch& batch);
  void take_attended(int32_t rows);
  void feed_forward(int32_t first, int32_t rows, const Layer& layer);
  void activate(int32_t rows);
  void add_product(ProfileOp op, const Activations& a, const Matrix& matrix, const Buffer<float>& post_norm, int32_t first, int32_t rows);
  void run_logits(const Batch& batch);
  void multiply(ProfileOp op, float* out, int32_t out_stride, const ActivationRows& a, const Matrix& matrix, int32_t rows, bool accumulate);
  template <class Work>
  void each_rows(int32_t rows, const Work& work);
  void norm(Activations& out, const float* x, const Buffer<float>& weight, int32_t rows);

  const CpuOps& ops_;
  ThreadPool pool_;
  std::string numerics_;
  Architecture model_;
  ModelShape shape_{};
  Buffer<std::byte> embedding_;  // As in the file.
  TensorFormat embedding_format_{};
  MatrixStore matrices_;
  const Matrix* output_ = nullptr;
  Buffer<float> output_norm_;
  std::vector<Buffer<float>> rope_tables_;
  std::vector<Layer> layers_;

  Profile* profile_ = nullptr;
  double attention_flops_ = 0, attention_bytes_ = 0;  // of one layer, for the profile
  Refusal refusal_;  // of an op, in this run
  Buffer<float> x_, qkv_, attended_, gate_up_;  // [rows, ..]
  Buffer<float> passing_;                       // [rows, hidden] on its way to a norm, in models that have one there
  Activations normed_, mixed_, hidden_;         // Of x_, attended_ and gate_up_.
  std::optional<Attend> attend_;
};

bool CpuBackend::load(const ModelFile& model, WeightMode mode, Error& error, const LoadOptions& options) {
  const size_t available = available_memory();
  model_ = model.architecture();
  shape_ = model_.shape;
  if (const std::string refusal = Attend::refusal(shape_); !refusal.empty()) {
    error.set(kModelUnsupported, refusal);
    return false;
  }
  TensorReader reader(model, pool_, error);
  const int32_t hidden = shape_.hidden, q_size = shape_.heads * shape_.head_dim, kv_size = shape_.kv_heads * shape_.head_dim;
  const auto linear = [&](std::vector<TensorReader::Part> parts, int32_t k) { return matrices_.add(std::move(parts), k); };
  const WeightTensor* table = reader.find("token_embd.weight", hidden, shape_.vocab);
  output_norm_ = reader.read_norm("output_norm.weight", hidden);
  output_ = linear({{model_.is_tied ? "token_embd.weight" : "output.weight", shape_.vocab}}, hidden);
  for (int32_t i = 0; i < shape_.layers && !error; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    layers_.push_back({read_layer_vectors(reader, model_, i),
                       linear({{prefix + "attn_q.weight", q_size}, {prefix + "attn_k.weight", kv_size}, {prefix + "attn_v.weight", kv_size}}, hidden),
                       linear({{prefix + "attn_output.weight", hidden}}, q_size),
                       linear({{prefix + "ffn_gate.weight", shape_.ffn}, {prefix + "ffn_up.weight", shape_.ffn}}, hidden),
                       linear({{prefix + "ffn_down.weight", hidden}}, shape_.ffn)});
  }
  matrices_.plan(reader, mode, ops_.isa == Isa::kAmx, error);
  if (error) return false;
  const size_t tables = table->bytes + model_.ropes.size() * static_cast<size_t>(shape_.context_length) * static_cast<size_t>(model_.rope_pairs) * 2 * sizeof(float);
  const MemoryNeed need{matrices_.bytes() + tables, options.hbm_bytes, options.dram_bytes, activation_bytes(options)};
  if (!check_memory(need, available, error)) return false;
  embedding_ = Buffer<std::byte>(table->bytes);
  embedding_format_ = table->format;
  std::memcpy(embedding_.data(), table->data, table->bytes);
  rope_tables_ = read_rope_tables(reader, model_, error);
  matrices_.pack(reader, pool_, error, PackedCache(options.packed_folder));
  reader.check_all_used();
  if (error) return false;
  numerics_ = std::string("cpu-") + weight_mode_name(matrices_.mode()) + "-" + isa_numerics(ops_.isa);
  attend_.emplace(ops_, pool_, shape_);
  return true;
}

Status CpuBackend::run(const Batch& batch, std::byte* arena) {
  const Status status = check_batch(batch, shape_);
  if (status != Status::kOk || batch.rows == 0) return status;
  reserve(batch);
  attend_->plan(batch);
  refusal_.clear();
  const ProfileScope scope(profile_, ProfileOp::kBackend);
  if (profile_ != nullptr) weigh_attention(batch);
  embed(batch);
  for (int32_t layer = 0; layer < shape_.layers; ++layer) run_layer(batch.rows, layer, arena);
  run_logits(batch);
  return refusal_.status();
}

void CpuBackend::embed(const Batch& batch) {
  const ProfileScope scope(profile_, ProfileOp::kEmbedding);
  note(embedding({x_.data(), embedding_.data(), batch.tokens, embedding_format_, batch.rows, shape_.hidden, shape_.vocab}));
  for (size_t i = 0; model_.embedding_scale != 1 && i < static_cast<size_t>(batch.rows) * shape_.hidden; ++i) x_.data()[i] *= model_.embedding_scale;
}

// For the profile: what one layer's attention multiplies and reads when no window cuts it and no block is shared.
void CpuBackend::weigh_attention(const Batch& batch) {
  attention_flops_ = attention_bytes_ = 0;
  for (int32_t i = 0; i < batch.sequences; ++i) {
    const SequenceView& view = batch.views[i];
    const double rows = view.rows, pairs = rows * view.start + 0.5 * rows * (rows + 1);
    attention_flops_ += 4 * pairs * shape_.heads * shape_.head_dim;
    attention_bytes_ += static_cast<double>((view.start + view.rows + kBlockTokens - 1) / kBlockTokens) * static_cast<double>(layer_bytes());
  }
}

/// What `reserve` will take at most, and the logits.
size_t CpuBackend::activation_bytes(const LoadOptions& options) const {
  const auto rows = static_cast<size_t>(std::max(options.rows_max, options.logits_max)), hidden = static_cast<size_t>(shape_.hidden), ffn = static_cast<size_t>(shape_.ffn);
  const size_t q_size = static_cast<size_t>(shape_.heads) * static_cast<size_t>(shape_.head_dim);
  const size_t values = hidden + static_cast<size_t>(qkv_size()) + std::max(q_size, hidden) + (model_.has_post_norms ? hidden : 0);
  const size_t together = std::min(rows, static_cast<size_t>(kFeedForwardRows));
  std::set<int32_t> windows;
  for (const LayerFacts& layer : model_.layers) windows.insert(layer.window);
  return partials_bytes_max(shape_, static_cast<size_t>(std::max(options.rows_max, 0)), windows.size()) + rows * (values * sizeof(float) + activation_stride(shape_.hidden) + activation_stride(static_cast<int32_t>(q_size))) +
         together * (2 * ffn * sizeof(float) + activation_stride(shape_.ffn)) +
         static_cast<size_t>(options.logits_max) * static_cast<size_t>(shape_.vocab) * sizeof(float);
}

void CpuBackend::reserve(const Batch& batch) {
  const auto rows = static_cast<size_t>(std::max(batch.rows, batch.logits_count));
  x_.reserve(rows * shape_.hidden);
  normed_.reserve(rows, shape_.hidden, matrices_.activations());
  mixed_.reserve(rows, shape_.heads * shape_.head_dim, matrices_.activations());
  qkv_.reserve(rows * qkv_size());
  attended_.reserve(rows * std::max(shape_.heads * shape_.head_dim, shape_.hidden));
  const auto together = std::min(rows, static_cast<size_t>(kFeedForwardRows));
  gate_up_.reserve(together * 2 * shape_.ffn);
  hidden_.reserve(together, shape_.ffn, matrices_.activations());
  if (model_.has_post_norms) passing_.reserve(rows * shape_.hidden);
}

void CpuBackend::run_layer(int32_t rows, int32_t index, std::byte* arena) {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  norm(normed_, x_.data(), layer.vectors.attention_norm, rows);
  multiply(ProfileOp::kQkv, qkv_.data(), qkv_size(), normed_.from(0), *layer.qkv, rows, false);
  attend(rows, index, arena);
  take_attended(rows);
  add_product(ProfileOp::kOutput, mixed_, *layer.o, layer.vectors.post_attention_norm, 0, rows);
  norm(normed_, x_.data(), layer.vectors.ffn_norm, rows);
  for (int32_t first = 0; first < rows; first += kFeedForwardRows) feed_forward(first, std::min(kFeedForwardRows, rows - first), layer);
}

void CpuBackend::feed_forward(int32_t first, int32_t rows, const Layer& layer) {
  multiply(ProfileOp::kGateUp, gate_up_.data(), 2 * shape_.ffn, normed_.from(first), *layer.gate_up, rows, false);
  activate(rows);
  add_product(ProfileOp::kDown, hidden_, *layer.down, layer.vectors.post_ffn_norm, first, rows);
}

void CpuBackend::take_attended(int32_t rows) {
  const ProfileScope scope(profile_, ProfileOp::kNorm);
  each_rows(rows, [&](int32_t first, int32_t count) { note(mixed_.take(ops_, attended_.data(), mixed_.k(), first, count)); });
}

void CpuBackend::activate(int32_t rows) {
  const ProfileScope scope(profile_, ProfileOp::kNorm);
  each_rows(rows, [&](int32_t first, int32_t count) { note(hidden_.take_glu(ops_, model_.activation, gate_up_.data(), first, count)); });
}

/// x += a * matrix, or the norm of it, in rows of x from `begin` on.
void CpuBackend::add_product(ProfileOp op, const Activations& a, const Matrix& matrix, const Buffer<float>& post_norm, int32_t begin, int32_t rows) {
  const int32_t hidden = shape_.hidden;
  float* into = x_.data() + static_cast<size_t>(begin) * hidden;
  if (post_norm.size() == 0) return multiply(op, into, hidden, a.from(0), matrix, rows, true);
  multiply(op, passing_.data(), hidden, a.from(0), matrix, rows, false);
  const ProfileScope scope(profile_, ProfileOp::kNorm);
  each_rows(rows, [&](int32_t first, int32_t count) {
    const size_t at = static_cast<size_t>(first) * hidden, values = static_cast<size_t>(count) * hidden;
    float *x = into + at, *added = passing_.data() + at;
    note(ops_.rmsnorm({added, added, post_norm.data(), count, hidden, model_.norm_eps}));
    for (size_t i = 0; i < values; ++i) x[i] += added[i];
  });
}

void CpuBackend::attend(int32_t rows, int32_t index, std::byte* arena) {
  const ProfileScope scope(profile_, ProfileOp::kAttention, attention_flops_, attention_bytes_);
  const LayerVectors& vectors = layers_[static_cast<size_t>(index)].vectors;
  const LayerFacts& facts = model_.layers[static_cast<size_t>(index)];
  if (model_.has_qkv_bias || model_.has_head_norms) {
    each_rows(rows, [&](int32_t first, int32_t count) {
      note(ops_.heads({qkv_.data() + static_cast<size_t>(first) * qkv_size(), vectors.qkv_bias.data(), vectors.q_norm.data(), vectors.k_norm.data(), count, shape_.heads,
                       shape_.kv_heads, shape_.head_dim, model_.norm_eps}));
    });
  }
  const KvLayer kv{arena + layer_bytes() * static_cast<size_t>(index), block_bytes(), shape_.kv_heads, shape_.head_dim};
  note(attend_->run({attended_.data(), qkv_.data(), kv, rope_tables_[static_cast<size_t>(facts.rope)].data(), model_.rope_pairs, model_.attention_scale, facts.window,
                     model_.rope_layout}));
}

void CpuBackend::run_logits(const Batch& batch) {
  const auto hidden = static_cast<size_t>(shape_.hidden);
  for (int32_t i = 0; i < batch.logits_count; ++i) {
    std::memcpy(attended_.data() + static_cast<size_t>(i) * hidden, x_.data() + static_cast<size_t>(batch.logits_rows[i]) * hidden, hidden * sizeof(float));
  }
  norm(normed_, attended_.data(), output_norm_, batch.logits_count);
  multiply(ProfileOp::kLogits, batch.logits, shape_.vocab, normed_.from(0), *output_, batch.logits_count, false);
}

void CpuBackend::multiply(ProfileOp op, float* out, int32_t out_stride, const ActivationRows& a, const Matrix& matrix, int32_t rows, bool accumulate) {
  const ProfileScope scope(profile_, op, 2.0 * rows * matrix.n() * matrix.k(), static_cast<double>(matrix.bytes()));
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
  const ProfileScope scope(profile_, ProfileOp::kNorm);
  each_rows(rows, [&](int32_t first, int32_t count) { note(out.take_rmsnorm(ops_, x, weight.data(), model_.norm_eps, first, count)); });
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const ModelFile& model, Isa isa, WeightMode mode, int threads, Error& error, const LoadOptions& options) {
  const CpuOps* ops = find_cpu_ops(isa);
  if (ops == nullptr) {
    error.set(kModelUnsupported, std::string("instruction set ") + isa_name(isa) + "; this machine offers up to " + isa_name(best_isa()));
    return nullptr;
  }
  auto backend = std::make_unique<CpuBackend>(*ops, threads);
  if (!backend->load(model, mode, error, options)) return nullptr;
  return backend;
}

}  // namespace slackwater
