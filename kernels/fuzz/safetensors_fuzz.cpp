// The readers of safetensors and of the index of its shards, and with them the JSON cursor, on any bytes.
#include "../model/safetensors_index.h"
#include "../model/safetensors_parser.h"
#include "../model/test_safetensors.h"
#include "fuzz.h"
#include "reader_checks.h"

using namespace slackwater;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  Error error;
  std::vector<WeightTensor> tensors;
  const bool is_taken = SafetensorsParser(bytes, error).parse(tensors);
  check_fault(is_taken, error);
  if (is_taken) {
    check_tensors(tensors, bytes);
    uint64_t header;
    std::memcpy(&header, data, sizeof header);
    size_t in_tensors = 0;
    for (const WeightTensor& tensor : tensors) in_tensors += tensor.bytes;
    CHECK(8 + header + in_tensors == size, "every byte belongs to a tensor: %zu of %zu", in_tensors, size);
  }
  ShardOfTensor shard_of;
  const bool is_index = read_safetensors_index({reinterpret_cast<const char*>(data), size}, shard_of, error);
  check_fault(is_index, error);
  for (const auto& [tensor, file] : shard_of) CHECK(file.find('/') == std::string::npos && file != "..", "'%s' of '%s' stays in the folder", file.c_str(), tensor.c_str());
  return 0;
}

namespace slackwater {

std::vector<std::string> fuzz_seeds() {
  SafetensorsWriter scalar;
  scalar.tensor("scalar", "F32", {}, random_bytes(4, 1));
  const std::string tight = R"({"a":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"b":{"data_offsets":[4,6],"shape":[2],"dtype":"F8_E5M2"}})";
  return {every_dtype().bytes(), scalar.bytes(), safetensors_bytes(tight, "123456"), safetensors_bytes("{}", ""),
          R"({"metadata":{"total_size":32,"float":-1.5e+3,"null":null,"true":true},"weight_map":{"a":"1.safetensors","\u00e9\ud83d\ude00":"2.safetensors"}})"};
}

std::vector<std::string> fuzz_words() {
  return {"\"dtype\":", "\"shape\":", "\"data_offsets\":", "\"__metadata__\":", "\"weight_map\":", "\"metadata\":", "\"F32\"", "\"F16\"", "\"BF16\"", "\"F8_E4M3\"", "\"F8_E5M2\"", "\"I64\"",
          "[0,0]", "[]", "{}", "18446744073709551615", "18446744073709551616", "9223372036854775808", "4294967296", "-1", "1e9", "0.5", "00", "\\u0000", "\\ud800", "\\udc00", "\xff", "\xc3", "null", "true",
          "\"../x\"", fuzz_word(uint64_t{2}), fuzz_word(uint64_t{100'000'001}), fuzz_word(UINT64_MAX), fuzz_word(UINT64_MAX - 7)};
}

}  // namespace slackwater
