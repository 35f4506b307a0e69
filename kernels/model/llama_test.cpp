// Loading: a tiny llama made in memory, with everything that can be wrong with it; and the two backends on it against
// each other. The other formats are weights_test's.
#include "model.h"

#include "../lib/test_threads.h"
#include "test_llama.h"

using namespace slackwater;

namespace {

void check_variant(const Variant& variant, const char* what) {
  Error error;
  const auto reference = load(variant, BackendKind::kReference, Isa::kScalar, error);
  CHECK(reference != nullptr, "%s: %s", what, error.message.c_str());
  const std::vector<float> want = logits_of(*reference);
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
    if (isa > best_isa()) continue;
    for (const WeightMode mode : {WeightMode::kExact, WeightMode::kCompact, WeightMode::kFast}) {
      const auto backend = load(variant, BackendKind::kCpu, isa, error, 2, mode);
      CHECK(backend != nullptr, "%s: %s", what, error.message.c_str());
      CHECK(std::string(backend->numerics()) == std::string("cpu-") + weight_mode_name(mode) + "-" + isa_numerics(isa), "%s", backend->numerics());
      const std::vector<float> got = logits_of(*backend);
      const double distance = rel_l2(got.data(), want.data(), want.size());
      CHECK(distance < (mode == WeightMode::kFast ? 5e-2 : 2e-3), "%s on %s: relL2 %.1e from the reference", what, backend->numerics(), distance);
    }
  }
}

void check_good_models() {
  for (const uint32_t format : {0u, 1u, 2u, 3u, 8u, 30u}) check_variant({.format = format}, ("format " + std::to_string(format)).c_str());
  check_variant({.untied = true}, "untied output");
  check_variant({.extra = [](GgufWriter& out) {
                   std::string factors;
                   for (uint32_t i = 0; i < kHeadDim / 2; ++i) GgufWriter::put(factors, 1.0f + static_cast<float>(i));
                   out.tensor("rope_freqs.weight", {kHeadDim / 2}, 0, factors);
                 }},
                "RoPE factors");
  check_variant({.extra = [](GgufWriter& out) {
                   out.real("llama.rope.scaling.factor", 1);
                   out.number("llama.rope.scale_linear", 0);
                 }},
                "RoPE scaled by nothing");
  Error error;
  const auto tied = load({}, BackendKind::kReference, Isa::kScalar, error), untied = load({.untied = true}, BackendKind::kReference, Isa::kScalar, error);
  CHECK(logits_of(*tied) != logits_of(*untied), "output.weight is used where there is one");
  const auto scaled = load({.extra = [](GgufWriter& out) { out.real("llama.rope.scaling.factor", 4); }}, BackendKind::kReference, Isa::kScalar, error);
  const auto by_pair = load({.extra =
                                 [](GgufWriter& out) {
                                   std::string factors;
                                   for (uint32_t i = 0; i < kHeadDim / 2; ++i) GgufWriter::put(factors, 4.0f);
                                   out.tensor("rope_freqs.weight", {kHeadDim / 2}, 0, factors);
                                 }},
                            BackendKind::kReference, Isa::kScalar, error);
  CHECK(logits_of(*scaled) == logits_of(*by_pair) && logits_of(*scaled) != logits_of(*tied), "linear scaling is the same factor for every pair");
  CHECK(std::string(tied->numerics()) == "reference-f32", "%s", tied->numerics());
}

void check_bad_models() {
  expect_fault({.architecture = "mamba"}, kModelUnsupported, "architecture 'mamba'; known: gemma3, llama, qwen2, qwen3");
  expect_fault({.skip = "blk.1.ffn_up.weight"}, kModelInvalid, "'blk.1.ffn_up.weight' is missing");
  expect_fault({.heads = 3}, kModelInvalid, "3 heads do not share 2 KV heads");
  expect_fault({.heads = 6}, kModelInvalid, "'blk.0.attn_q.weight' has shape 64 x 128; the model's numbers ask for 64 x 192");
  expect_fault({.poison = "blk.1.attn_v.weight"}, kModelInvalid, "'blk.1.attn_v.weight' holds nan at value 0 of 4096");
  expect_fault({.poison = "output_norm.weight", .poisoned = bytes_of(INFINITY)}, kModelInvalid, "'output_norm.weight' holds inf");
  expect_fault({.extra = [](GgufWriter& out) { out.tensor("blk.0.attn_q.bias", {kHidden}, 0, test_weights(0, kHidden, 9)); }}, kModelUnsupported, "'blk.0.attn_q.bias'");
  expect_fault({.extra = [](GgufWriter& out) { out.number("llama.expert_count", 8); }}, kModelUnsupported, "8 experts");
  expect_fault({.extra = [](GgufWriter& out) { out.text("llama.rope.scaling.type", "yarn"); }}, kModelUnsupported, "'yarn'");
  expect_fault({.extra = [](GgufWriter& out) { out.number("llama.rope.dimension_count", 34); }}, kModelInvalid, "RoPE over 34 of 32");
  expect_fault({.extra = [](GgufWriter& out) { out.number("llama.rope.scaling.type", 1); }}, kModelInvalid, "rope.scaling.type is not text");
  expect_fault({.extra = [](GgufWriter& out) { out.real("llama.rope.scaling.factor", -4); }}, kModelInvalid, "RoPE base 10000.000000 with factor -4");
  for (const float bad : {0.0f, -1.0f, 1e6f}) {
    const auto factors = [bad](GgufWriter& out) {
      std::string bytes;
      for (uint32_t i = 0; i < kHeadDim / 2; ++i) GgufWriter::put(bytes, i == 5 ? bad : 1.0f);
      out.tensor("rope_freqs.weight", {kHeadDim / 2}, 0, bytes);
    };
    expect_fault({.extra = factors}, kModelInvalid, "'rope_freqs.weight' holds " + std::to_string(bad) + " at value 5 of 16; a factor is above 0");
  }
  const auto twice = [](GgufWriter& out) {
    out.real("llama.rope.scaling.factor", 4);
    out.tensor("rope_freqs.weight", {kHeadDim / 2}, 0, test_weights(0, kHeadDim / 2, 9));
  };
  expect_fault({.extra = twice}, kModelUnsupported, "RoPE scaling by 4.000000 together with the factors of 'rope_freqs.weight'");
  expect_fault({.extra = [](GgufWriter& out) { out.number("llama.attention.value_length", 64); }}, kModelUnsupported, "keys of 32 and values of 64");
  expect_fault({.extra = [](GgufWriter& out) { out.real("llama.final_logit_softcapping", 30); }}, kModelUnsupported, "llama.final_logit_softcapping is 30");
  expect_fault({.extra = [](GgufWriter& out) { out.number("llama.attention.sliding_window", 30); }}, kModelUnsupported, "llama.attention.sliding_window");
  expect_fault({.extra = [](GgufWriter& out) { out.text("llama.rope.scale_linear", "2"); }}, kModelInvalid, "llama.rope.scale_linear is not a number");
  // Numbers that are possible one by one, and whose products are not.
  expect_fault({.heads = 55831, .kv_heads = 55831, .head_dim = 19232}, kModelInvalid, "(55831 heads + 2 x 55831 KV heads) x 19232 values are 3221225376");
  expect_fault({.heads = 16647161, .kv_heads = 1, .head_dim = 258}, kModelInvalid, "(16647161 heads + 2 x 1 KV heads) x 258 values are 4294968054");
  expect_fault({.layers = 1 << 24, .ffn = 1 << 24}, kModelInvalid, "16777216 layers of 3221250048 weights");
  Error error;
  CHECK(load({}, BackendKind::kCpu, best_isa(), error, 0) == nullptr && error.message.find("0 threads") == 0, "%s", error.message.c_str());
  error = {};
  CHECK(load({}, BackendKind::kCpu, best_isa(), error, 257) == nullptr && error.code == kBadArgument, "%s: %s", error.code.c_str(), error.message.c_str());
  if (!FewThreads::works()) return;
  for (const BackendKind kind : {BackendKind::kReference, BackendKind::kCpu}) {
    const FewThreads few;
    error = {};
    CHECK(load({}, kind, best_isa(), error, 64) == nullptr && error.code == kOutOfMemory && error.message.find("one of 64 threads") != std::string::npos, "%s: %s",
          error.code.c_str(), error.message.c_str());
  }
}

void check_auto_mode() {
  const struct {
    TensorFormat format;
    const char* mode;
  } cases[] = {{TensorFormat::kF32, "exact"}, {TensorFormat::kQ4_0, "compact"}, {TensorFormat::kQ4_1, "compact"}, {TensorFormat::kQ8_0, "exact"}};
  for (const auto& each : cases) {
    Error error;
    const auto backend = load({.format = static_cast<uint32_t>(each.format)}, BackendKind::kCpu, best_isa(), error);
    const char* mode = best_isa() == Isa::kAmx ? "exact" : each.mode;  // Tiles make the larger form the faster one.
    CHECK(std::string(backend->numerics()) == std::string("cpu-") + mode + "-" + isa_numerics(best_isa()), "a file of %s: %s", format_name(static_cast<uint32_t>(each.format)), backend->numerics());
  }
}

/// What `run` refuses, with nothing written.
void check_bad_batches() {
  Error error;
  const auto backend = load({}, BackendKind::kCpu, best_isa(), error);
  Buffer<std::byte> arena(backend->block_bytes() * 4);
  const int32_t blocks[4] = {0, 1, 2, 3};
  std::vector<float> logits(kVocab, 7);
  const auto run = [&](int32_t token, const SequenceView& view, int32_t logits_row) {
    const int32_t tokens[2] = {1, token};
    return backend->run({tokens, 2, &view, 1, &logits_row, 1, logits.data()}, arena.data());
  };
  CHECK(run(2, {blocks, 0, 2, 0}, 1) == Status::kOk && logits[0] != 7, "a good batch");
  logits.assign(kVocab, 7);
  CHECK(run(kVocab, {blocks, 0, 2, 0}, 1) == Status::kBadShape, "a token outside the vocabulary");
  CHECK(run(-1, {blocks, 0, 2, 0}, 1) == Status::kBadShape, "a negative token");
  CHECK(run(2, {blocks, kContext - 1, 2, 0}, 1) == Status::kBadShape, "a position outside the context");
  CHECK(run(2, {blocks, -1, 2, 0}, 1) == Status::kBadShape, "a negative position");
  CHECK(run(2, {blocks, 0, 1, 0}, 1) == Status::kBadShape, "a row that belongs to no sequence");
  CHECK(run(2, {blocks, 0, 3, 0}, 1) == Status::kBadShape, "a view beyond the batch");
  CHECK(run(2, {blocks, 0, 1, 1}, 1) == Status::kBadShape, "a gap between views");
  CHECK(run(2, {blocks, 0, 2, 0}, 2) == Status::kBadShape, "logits of a row outside the batch");
  CHECK(logits[0] == 7, "nothing is written");
  CHECK(backend->run({nullptr, 0, nullptr, 0, nullptr, 0, nullptr}, arena.data()) == Status::kOk, "an empty batch");
}

}  // namespace

int main() {
  check_good_models();
  check_bad_models();
  check_auto_mode();
  check_bad_batches();
  std::puts("llama: ok");
}
