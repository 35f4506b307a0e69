// The GGUF reader and what is read from its metadata, on any bytes.
#include "../model/gguf.h"

#include "../model/architecture.h"
#include "../model/test_gguf.h"
#include "../model/vocab.h"
#include "fuzz.h"
#include "reader_checks.h"

using namespace slackwater;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  Error error;
  const auto file = GgufFile::read(bytes, error);
  check_fault(file != nullptr, error);
  if (file == nullptr) return 0;
  check_tensors(file->tensors(), bytes);
  for (const WeightTensor& tensor : file->tensors()) CHECK(file->find_tensor(tensor.name) == &tensor, "'%s' is found by its name", tensor.name.c_str());
  Architecture architecture;
  const bool is_known = read_gguf_architecture(*file, architecture, error);
  check_fault(is_known, error);
  if (is_known) check_numbers(architecture);
  Vocab vocab;
  error = {};
  check_fault(read_vocab(*file, vocab, error), error);
  if (error) return 0;
  CHECK(vocab.bytes.size() == vocab.is_special.size(), "%zu texts, %zu marks", vocab.bytes.size(), vocab.is_special.size());
  CHECK(std::is_sorted(vocab.eos_tokens.begin(), vocab.eos_tokens.end()), "endings ascend");
  for (const int32_t token : vocab.eos_tokens) CHECK(token >= 0 && static_cast<size_t>(token) < vocab.bytes.size(), "token %d", token);
  CHECK(vocab.bos_token < static_cast<int64_t>(vocab.bytes.size()), "token %d", vocab.bos_token);
  return 0;
}

namespace slackwater {
namespace {

void add_llama(GgufWriter& out, const std::string& kind) {
  out.text("general.architecture", "llama");
  out.text("general.name", "seed");
  out.number("general.alignment", 32);
  for (const char* key : {"block_count", "embedding_length", "attention.head_count", "attention.head_count_kv", "attention.key_length", "feed_forward_length", "context_length"}) {
    out.number(std::string("llama.") + key, 2);
  }
  out.real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  out.text("tokenizer.ggml.model", kind);
  out.texts("tokenizer.ggml.tokens", {"<|im_end|>", "\xc4\xa0the", "\xe2\x96\x81the", "<0x0A>", "<extra>", "\xc4\x8a", ""});
  out.numbers("tokenizer.ggml.token_type", {3, 1, 1, 6, 4, 1, 1});
  out.number("tokenizer.ggml.eos_token_id", 0);
  out.number("tokenizer.ggml.bos_token_id", 1);
}

std::string every_format() {
  GgufWriter out;
  add_llama(out, "gpt2");
  for (uint32_t format = 0; format < 32; ++format) {
    if (format_block(format).values != 0) out.tensor(std::string("blk.") + format_name(format), {256, 2}, format, test_weights(format, 512, format));
  }
  return out.bytes();
}

std::string every_type() {
  GgufWriter out;
  for (uint32_t type = 0; type <= static_cast<uint32_t>(GgufType::kF64); ++type) {
    if (type == static_cast<uint32_t>(GgufType::kString) || type == static_cast<uint32_t>(GgufType::kArray)) continue;
    const size_t bytes = type <= 1 || type == 7 ? 1 : type <= 3 ? 2 : type <= 6 ? 4 : 8;
    out.raw_pair("number." + std::to_string(type), type, std::string(bytes, '\1'));
    std::string array;
    GgufWriter::put(array, type);
    GgufWriter::put(array, uint64_t{3});
    out.raw_pair("array." + std::to_string(type), static_cast<uint32_t>(GgufType::kArray), array + std::string(3 * bytes, '\1'));
  }
  out.texts("texts", {"", "one", "two"});
  out.tensor("cube", {2, 3, 4, 5}, 0, std::string(480, '\0'));
  return out.bytes();
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  GgufWriter pieces;
  add_llama(pieces, "llama");
  pieces.tensor("token_embd.weight", {32, 7}, 8, test_weights(8, 32 * 7, 1));
  return {every_format(), every_type(), pieces.bytes(), GgufWriter().bytes(), pieces.bytes().substr(0, pieces.header_bytes() / 2)};
}

std::vector<std::string> fuzz_words() {
  std::vector<std::string> words = {"GGUF", "general.alignment", "general.architecture", "tokenizer.ggml.model", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
                                    "tokenizer.ggml.eos_token_id", "tokenizer.ggml.bos_token_id", "gpt2", "llama", "<0xFF>", "\xe2\x96\x81", "\xc4\xa0"};
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{0x7fffffff}, uint64_t{0x80000000}, uint64_t{0xffffffff}, uint64_t{1} << 32, uint64_t{1} << 48, UINT64_MAX / 2, UINT64_MAX - 7, UINT64_MAX}) words.push_back(fuzz_word(value));
  for (uint32_t value = 0; value < 34; ++value) words.push_back(fuzz_word(value));
  return words;
}

}  // namespace slackwater
