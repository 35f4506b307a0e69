// The reader on good, truncated and corrupt files: it answers with a code and the numbers, and never reads past the end.
#include "gguf.h"

#include <sys/stat.h>

#include "test_gguf.h"
#include "vocab.h"

using namespace slackwater;

namespace {

constexpr uint32_t kF32 = static_cast<uint32_t>(TensorFormat::kF32);

GgufWriter small_file() {
  GgufWriter out;
  out.text("general.architecture", "llama");
  out.text("tokenizer.ggml.model", "gpt2");
  out.texts("tokenizer.ggml.tokens", {"<|im_end|>", "\xc4\xa0the", "\xc3\xa9", "<extra>", "\xc4\x8a"});
  out.numbers("tokenizer.ggml.token_type", {3, 1, 1, 4, 1});
  out.number("tokenizer.ggml.eos_token_id", 0);
  out.real("some.real", 0.5f);
  out.tensor("first", {32, 2}, kF32, test_weights(kF32, 64, 1));
  out.tensor("second", {32}, static_cast<uint32_t>(TensorFormat::kQ8_0), test_weights(8, 32, 2));
  return out;
}

/// Opens the bytes as a file; empty code when it is taken.
Error open_bytes(const std::string& bytes) {
  const TestFile file(bytes);
  Error error;
  const auto gguf = GgufFile::open(file.path(), error);
  CHECK((gguf == nullptr) == static_cast<bool>(error), "an answer and a fault go together");
  return error;
}

void expect_fault(const std::string& bytes, const char* code, const char* part) {
  const Error error = open_bytes(bytes);
  CHECK(error.code == code, "wanted %s with '%s', got '%s': %s", code, part, error.code.c_str(), error.message.c_str());
  CHECK(error.message.find(part) != std::string::npos, "'%s' is not in: %s", part, error.message.c_str());
}

void check_good_file() {
  const TestFile file(small_file().bytes());
  Error error;
  const auto gguf = GgufFile::open(file.path(), error);
  CHECK(gguf != nullptr, "%s", error.message.c_str());
  CHECK(gguf->tensors().size() == 2 && gguf->find_tensor("third") == nullptr, "two tensors");
  const WeightTensor* second = gguf->find_tensor("second");
  CHECK(second->bytes == 34 && second->shape[0] == 32 && second->shape[1] == 1 && second->dimensions == 1, "32 values in one block");
  double real = 0;
  int64_t number = -1;
  CHECK(gguf->find_real("some.real", real) && real == 0.5, "a real");
  CHECK(!gguf->find_integer("some.real", number) && gguf->find_text("some.real") == nullptr, "which is nothing else");
  CHECK(gguf->find_integer("tokenizer.ggml.eos_token_id", number) && number == 0, "an integer");
  Vocab vocab;
  CHECK(read_vocab(*gguf, vocab, error), "%s", error.message.c_str());
  CHECK(vocab.bytes[0] == "<|im_end|>" && vocab.is_special[0] == 1, "a control token is its own name");
  CHECK(vocab.bytes[1] == " the" && vocab.bytes[2] == "\xe9" && vocab.bytes[4] == "\n", "byte-level tokens give back their bytes");
  CHECK(vocab.bytes[3] == "<extra>" && vocab.is_special[3] == 0, "an added token is its text");
  CHECK(vocab.eos_tokens == std::vector<int32_t>{0} && vocab.bos_token == -1, "one end, no beginning");
}

/// Every cut of the header and of the data is refused, and none crashes.
void check_every_cut() {
  const std::string bytes = small_file().bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Error error = open_bytes(bytes.substr(0, size));
    CHECK(error.code == kModelInvalid, "cut at %zu of %zu: '%s' %s", size, bytes.size(), error.code.c_str(), error.message.c_str());
  }
}

/// Any byte of the header turned over: refused or taken, but never a crash or an unknown code.
void check_every_flip() {
  const GgufWriter writer = small_file();
  const std::string bytes = writer.bytes();
  for (size_t at = 0; at < writer.header_bytes(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ mask);
      const Error error = open_bytes(bad);
      CHECK(!error || error.code == kModelInvalid || error.code == kModelUnsupported, "byte %zu: %s", at, error.code.c_str());
    }
  }
}

void check_absurd_numbers() {
  const std::string good = small_file().bytes();
  const auto with = [&](size_t at, uint64_t value) {
    std::string out = good;
    std::memcpy(out.data() + at, &value, 8);
    return out;
  };
  expect_fault("GGUX" + good.substr(4), kModelInvalid, "not a GGUF");
  expect_fault(with(4, 2 | uint64_t{2} << 32), kModelUnsupported, "version 2; known: 3");
  expect_fault(with(8, uint64_t{1} << 60), kModelInvalid, "counts 1152921504606846976 tensors");
  expect_fault(with(16, ~uint64_t{0}), kModelInvalid, "18446744073709551615 metadata");
  expect_fault(with(24, uint64_t{1} << 62), kModelInvalid, "4611686018427387904 bytes");
  GgufWriter huge;
  huge.tensor_at("huge", {uint64_t{1} << 40, uint64_t{1} << 40}, kF32, 0);
  expect_fault(huge.bytes(), kModelInvalid, "'huge' has 1099511627776 values in dimension 1");
  GgufWriter array;
  std::string elements;
  GgufWriter::put(elements, uint32_t{4});
  GgufWriter::put(elements, uint64_t{1} << 61);
  array.raw_pair("numbers", 9, elements);
  expect_fault(array.bytes(), kModelInvalid, "2305843009213693952 values");
}

void check_contradictions() {
  GgufWriter overlap = small_file();
  overlap.tensor_at("third", {32}, kF32, 32);
  expect_fault(overlap.bytes(), kModelInvalid, "'first' and 'third' overlap");
  GgufWriter outside = small_file();
  outside.tensor_at("third", {32}, kF32, 1 << 20);
  expect_fault(outside.bytes(), kModelInvalid, "128 bytes at offset 1048576");
  GgufWriter crooked = small_file();
  crooked.tensor_at("third", {32}, kF32, 4);
  expect_fault(crooked.bytes(), kModelInvalid, "offset 4, not a multiple of 32");
  GgufWriter ragged = small_file();
  ragged.tensor_at("third", {33}, 8, 0);
  expect_fault(ragged.bytes(), kModelInvalid, "rows of 33 values in blocks of 32");
  GgufWriter empty = small_file();
  empty.tensor_at("third", {0}, kF32, 0);
  expect_fault(empty.bytes(), kModelInvalid, "'third' has 0 values");
  GgufWriter flat = small_file();
  flat.tensor_at("third", {}, kF32, 0);
  expect_fault(flat.bytes(), kModelInvalid, "0 dimensions");
  GgufWriter twice = small_file();
  twice.tensor("first", {1}, kF32, test_weights(kF32, 1, 3));
  expect_fault(twice.bytes(), kModelInvalid, "'first' appears twice");
  GgufWriter keys = small_file();
  keys.number("some.real", 1);
  expect_fault(keys.bytes(), kModelInvalid, "'some.real' appears twice");
  GgufWriter alignment = small_file();
  alignment.number("general.alignment", 48);
  expect_fault(alignment.bytes(), kModelInvalid, "general.alignment is 48");
  GgufWriter boolean = small_file();
  boolean.raw_pair("flag", 7, "\x02");
  expect_fault(boolean.bytes(), kModelInvalid, "boolean holds 2");
}

void check_unknown_kinds() {
  GgufWriter quant = small_file();
  quant.tensor("blk.0.attn_q.weight", {256}, 16, std::string(66, '\0'));
  expect_fault(quant.bytes(), kModelUnsupported, "'blk.0.attn_q.weight' has tensor format 16; known: F32, F16, BF16, Q8_0, Q6_K");
  GgufWriter ours = small_file();
  ours.tensor("fp8", {32}, static_cast<uint32_t>(TensorFormat::kF8E4m3), std::string(32, '\0'));
  expect_fault(ours.bytes(), kModelUnsupported, "'fp8' has tensor format 65536");
  GgufWriter type = small_file();
  type.raw_pair("odd", 13, "");
  expect_fault(type.bytes(), kModelInvalid, "'odd' has unknown type 13");
  GgufWriter nested = small_file();
  std::string elements;
  GgufWriter::put(elements, uint32_t{9});
  GgufWriter::put(elements, uint64_t{0});
  nested.raw_pair("nested", 9, elements);
  expect_fault(nested.bytes(), kModelUnsupported, "arrays of arrays");
}

void check_unreadable_paths() {
  for (const char* path : {"/nonexistent/model.gguf", "/tmp"}) {
    Error error;
    CHECK(GgufFile::open(path, error) == nullptr && error.code == kModelUnreadable, "%s: '%s'", path, error.code.c_str());
    CHECK(error.message.find(path) == 0, "the message begins with the path: %s", error.message.c_str());
  }
}

void check_bad_vocabularies() {
  const auto refuse = [](const GgufWriter& writer, const char* code, const char* part) {
    const TestFile file(writer.bytes());
    Error error;
    Vocab vocab;
    const auto gguf = GgufFile::open(file.path(), error);
    CHECK(gguf != nullptr && !read_vocab(*gguf, vocab, error), "%s is refused", part);
    CHECK(error.code == code && error.message.find(part) != std::string::npos, "%s: %s", error.code.c_str(), error.message.c_str());
  };
  refuse(GgufWriter(), kModelInvalid, "no vocabulary");
  GgufWriter kind;
  kind.text("tokenizer.ggml.model", "t5");
  kind.texts("tokenizer.ggml.tokens", {"a"});
  refuse(kind, kModelUnsupported, "'t5'; known: gpt2, llama");
  GgufWriter types;
  types.text("tokenizer.ggml.model", "gpt2");
  types.texts("tokenizer.ggml.tokens", {"a", "b"});
  types.numbers("tokenizer.ggml.token_type", {1});
  refuse(types, kModelInvalid, "1 entries for 2 tokens");
  GgufWriter end;
  end.text("tokenizer.ggml.model", "gpt2");
  end.texts("tokenizer.ggml.tokens", {"a", "b"});
  end.number("tokenizer.ggml.eos_token_id", 2);
  refuse(end, kModelInvalid, "eos_token_id is 2; the vocabulary has 2 tokens");
}

void check_every_ending_ends() {
  GgufWriter writer;
  writer.text("tokenizer.ggml.model", "gpt2");
  writer.texts("tokenizer.ggml.tokens", {"a", "<|end_of_text|>", "<|eom_id|>", "<|eot_id|>", "<more>", "b", "<|eom_id|>x"});
  writer.numbers("tokenizer.ggml.token_type", {1, 3, 3, 3, 3, 1, 3});
  writer.number("tokenizer.ggml.eos_token_id", 1);
  writer.number("tokenizer.ggml.eom_token_id", 4);
  const TestFile file(writer.bytes());
  Error error;
  Vocab vocab;
  const auto gguf = GgufFile::open(file.path(), error);
  CHECK(gguf != nullptr && read_vocab(*gguf, vocab, error), "%s", error.message.c_str());
  CHECK((vocab.eos_tokens == std::vector<int32_t>{1, 2, 3, 4}), "%zu tokens end", vocab.eos_tokens.size());
}

}  // namespace

int main() {
  check_good_file();
  check_every_cut();
  check_every_flip();
  check_absurd_numbers();
  check_contradictions();
  check_unknown_kinds();
  check_unreadable_paths();
  check_bad_vocabularies();
  check_every_ending_ends();
  std::puts("gguf: ok");
}
