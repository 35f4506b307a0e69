// Good files and each thing that can be wrong with one, with the tensor's name and the numbers in the message.
#include "safetensors.h"

#include "safetensors_parser.h"
#include "tensor_reader.h"
#include "test_safetensors.h"

using namespace slackwater;

namespace {

Error open_bytes(const std::string& bytes) {
  const TestFolder folder;
  Error error;
  const auto model = SafetensorsModel::open(folder.write("a.safetensors", bytes), error);
  CHECK((model == nullptr) == static_cast<bool>(error), "an answer and a fault go together");
  return error;
}

void expect_fault(const std::string& bytes, const char* code, const std::string& part) {
  const Error error = open_bytes(bytes);
  CHECK(error.code == code, "wanted %s with '%s', got '%s': %s", code, part.c_str(), error.code.c_str(), error.message.c_str());
  CHECK(error.message.find(part) != std::string::npos, "'%s' is not in: %s", part.c_str(), error.message.c_str());
  CHECK(error.message.find("a.safetensors: ") != std::string::npos, "the file is named: %s", error.message.c_str());
}

void check_good_file() {
  const TestFolder folder;
  Error error;
  const auto model = SafetensorsModel::open(folder.write("a.safetensors", every_dtype().bytes()), error);
  CHECK(model != nullptr, "%s", error.message.c_str());
  const WeightTable& weights = model->weights();
  CHECK(weights.tensors().size() == 6 && weights.find("__metadata__") == nullptr, "%zu tensors", weights.tensors().size());
  const auto expect = [&](const char* name, TensorFormat format, const std::vector<uint64_t>& shape, const std::string& bytes) {
    const WeightTensor* tensor = weights.find(name);
    CHECK(tensor != nullptr && tensor->format == format && tensor->bytes == bytes.size(), "%s", name);
    CHECK(std::memcmp(tensor->data, bytes.data(), bytes.size()) == 0, "%s has its bytes", name);
    CHECK(std::vector<uint64_t>(tensor->shape, tensor->shape + 4) == shape, "%s has shape %d x %d x ..", name, static_cast<int>(tensor->shape[0]), static_cast<int>(tensor->shape[1]));
  };
  expect("one.weight", TensorFormat::kF32, {3, 2, 1, 1}, random_bytes(24, 1));
  expect("two.weight", TensorFormat::kF16, {5, 1, 1, 1}, random_bytes(10, 2));
  expect("\xc3\xa9", TensorFormat::kBf16, {2, 1, 3, 1}, random_bytes(12, 3));
  expect("f8.a", TensorFormat::kF8E4m3, {7, 1, 1, 1}, random_bytes(7, 4));
  expect("f8.b", TensorFormat::kF8E5m2, {3, 1, 1, 1}, random_bytes(3, 5));
  expect("scalar", TensorFormat::kF32, {1, 1, 1, 1}, random_bytes(4, 6));
  CHECK(weights.find("scalar")->dimensions == 0 && weights.find("\xc3\xa9")->dimensions == 3, "dimensions are counted");
}

/// golden/reference.safetensors is written by the reference library (tools/peers/safetensors_golden.py).
void check_reference_file() {
  Error error;
  const auto model = SafetensorsModel::open(std::string(SLACKWATER_SOURCE_DIR) + "/model/golden/reference.safetensors", error);
  CHECK(model != nullptr, "%s", error.message.c_str());
  for (const char* name : {"f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"}) {
    const WeightTensor* tensor = model->weights().find(name);
    CHECK(tensor != nullptr && tensor->shape[0] == 8 && tensor->shape[1] == 2 && tensor->dimensions == 2, "%s is [2, 8]", name);
    float values[16];
    dequantize(tensor->format, tensor->data, 16, values);
    for (int i = 0; i < 16; ++i) CHECK(values[i] == static_cast<float>(i - 8) / 2, "%s: value %d is %g", name, i, values[i]);
  }
}

/// The table is what a loader's reader takes: values come out in fp32, and NaN is found by name.
void check_reader() {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const auto read = [&](const std::string& e4m3, Error& error) {
    SafetensorsWriter writer;
    writer.tensor("a", "F32", {2, 3}, std::string(reinterpret_cast<const char*>(values.data()), 24));
    writer.tensor("b", "F8_E4M3", {2, 3}, e4m3);
    const TestFolder folder;
    const auto model = SafetensorsModel::open(folder.write("a.safetensors", writer.bytes()), error);
    CHECK(model != nullptr, "%s", error.message.c_str());
    ThreadPool pool(1);
    TensorReader reader(model->weights(), pool, error);
    const Buffer<float> a = reader.read("a", 3, 2), b = reader.read("b", 3, 2);
    reader.check_all_used();
    if (error) return;
    for (size_t i = 0; i < 6; ++i) CHECK(a.data()[i] == values[i] && b.data()[i] == values[i], "value %zu: %g and %g", i, a.data()[i], b.data()[i]);
  };
  Error error;
  read("\x38\x40\x44\x48\x4a\x4c", error);
  CHECK(!error, "%s", error.message.c_str());
  read("\x38\x40\x44\x48\xff\x4c", error);
  CHECK(error.code == kModelInvalid && error.message.find("'b' holds nan at value 4 of 6") != std::string::npos, "%s", error.message.c_str());
}

void check_bad_lengths() {
  const auto with_length = [](uint64_t length) {
    std::string bytes = every_dtype().bytes();
    std::memcpy(bytes.data(), &length, 8);
    return bytes;
  };
  expect_fault("", kModelInvalid, "file of 0 bytes");
  expect_fault("1234567", kModelInvalid, "file of 7 bytes; the length of a safetensors header takes 8");
  expect_fault(with_length(0), kModelInvalid, "header of 0 bytes that does not begin with '{'");
  expect_fault(with_length(UINT64_MAX), kModelInvalid, "header of 18446744073709551615 bytes");
  expect_fault(with_length(uint64_t{1} << 63), kModelInvalid, "header of 9223372036854775808 bytes");
  expect_fault(with_length(every_dtype().bytes().size() - 7), kModelInvalid, "(truncated, or not safetensors?)");
  expect_fault(with_length(20), kModelInvalid, "header: expected ");
  expect_fault(safetensors_bytes(" {}", ""), kModelInvalid, "does not begin with '{'");
  const TestFolder folder;  // A file with a hole: 100 MB of header that take no place.
  const std::string path = folder.write("huge.safetensors", safetensors_bytes(std::string(1, '{'), ""));
  const uint64_t length = 100'000'001;
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).write(reinterpret_cast<const char*>(&length), 8);
  std::filesystem::resize_file(path, 8 + length);
  Error error;
  CHECK(SafetensorsModel::open(path, error) == nullptr && error.message.find("header of 100000001 bytes; up to 100000000") != std::string::npos, "%s", error.message.c_str());
}

/// A header of one tensor "w" of two F32 values, with one of its parts replaced.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"w\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
}

void check_bad_entries() {
  const auto refuse = [](const std::string& header, const std::string& part, const char* code = kModelInvalid) { expect_fault(safetensors_bytes(header, "12345678"), code, part); };
  CHECK(!open_bytes(safetensors_bytes(one("\"F32\"", "[2]", "[0,8]"), "12345678")), "the header that the others are made from");
  refuse(one("\"I64\"", "[1]", "[0,8]"), "'w' has dtype 'I64'; known: F32, F16, BF16, F8_E4M3, F8_E5M2", kModelUnsupported);
  refuse(one("\"Q4_0\"", "[1]", "[0,8]"), "'w' has dtype 'Q4_0'", kModelUnsupported);
  refuse(one("7", "[2]", "[0,8]"), "'w': expected '\"' at byte 14, found '7'");
  refuse(one("\"F32\"", "[1,1,1,1,2]", "[0,8]"), "'w' has 5 dimensions; up to 4 are known", kModelUnsupported);
  refuse(one("\"F32\"", "[2,0]", "[0,0]"), "'w' has 0 values in dimension 1", kModelUnsupported);
  refuse(one("\"F32\"", "[-2]", "[0,8]"), "expected a whole number at byte 29, found '-'");
  refuse(one("\"F32\"", "[2.0]", "[0,8]"), "without leading zeros, fraction and exponent");
  refuse(one("\"F32\"", "[2e0]", "[0,8]"), "without leading zeros, fraction and exponent");
  refuse(one("\"F32\"", "[4294967296,4294967296]", "[0,8]"), "'w' has 4294967296 values in dimension 1");
  refuse(one("\"F32\"", "[18446744073709551615]", "[0,8]"), "'w' has 18446744073709551615 values in dimension 0");
  refuse(one("\"F32\"", "[18446744073709551618]", "[0,8]"), "below 2^64");
  refuse(one("\"F32\"", "2", "[0,8]"), "expected '['");
  refuse(one("\"F32\"", "[2]", "[0,4]"), "'w' takes 8 bytes as 2 values of F32; its data_offsets give it 4");
  refuse(one("\"F32\"", "[2]", "[0,12]"), "'w' lies from 0 to 12; the file has 8 bytes of weights");
  refuse(one("\"F32\"", "[2]", "[18446744073709551608,0]"), "'w' lies from 18446744073709551608 to 0");
  refuse(one("\"F32\"", "[2]", "[8,0]"), "'w' lies from 8 to 0");
  refuse(one("\"F32\"", "[2]", "[0]"), "'w' has 1 data_offsets");
  refuse(one("\"F32\"", "[2]", "[0,8,8]"), "'w' has 3 data_offsets");
  refuse(one("\"F32\"", "[1]", "[4,8]"), "4 bytes of weights before 'w' belong to no tensor");
  refuse(one("\"F32\"", "[1]", "[0,4]"), "the last 4 bytes of weights belong to no tensor");
  refuse("{}", "the last 8 bytes of weights belong to no tensor");
  refuse("{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", "'w' has no field 'data_offsets'");
  refuse("{\"w\":{}}", "'w' has no field 'dtype'");
  refuse("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "'w' has the field 'dtype' twice");
  refuse("{\"w\":{\"dtype\":\"F32\",\"stride\":[1]}}", "'w' has an unknown field 'stride'");
  refuse("{\"w\":[]}", "'w': expected '{'");
  refuse("{\"\":{}}", "tensor name of 0 bytes");
  refuse("{\"" + std::string(65536, 'w') + "\":{}}", "tensor name of 65536 bytes; 1 to 65535");
  refuse(one("\"F32\"", "[2]", "[0,8]") + "x", "header: expected nothing more at byte 54, found 'x'");
  refuse("{\"w\xff\":{}}", "header: expected a UTF-8 character at byte 3, found byte 0xff");
  refuse("{\"\xed\xa0\x80\":{}}", "header: expected a UTF-8 character at byte 2, found byte 0xed");
  refuse("{\"\\ud800\":{}}", "header: expected an escape of a whole character at byte 2");
  refuse("{\"__metadata__\":{\"a\":1}}", "header: expected '\"' at byte 21, found '1'");
  refuse("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "'a' appears twice in __metadata__");
  refuse("{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__ appears twice");
}

void check_places() {
  const auto pair = [](const std::string& a, const std::string& b, const std::string& second = "b") {
    const auto entry = [](const std::string& name, const std::string& offsets) { return "\"" + name + "\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":" + offsets + "}"; };
    return safetensors_bytes("{" + entry("a", a) + "," + entry(second, b) + "}", "12345678");
  };
  CHECK(!open_bytes(pair("[0,4]", "[4,8]")) && !open_bytes(pair("[4,8]", "[0,4]")), "in any order");
  expect_fault(pair("[0,4]", "[0,4]"), kModelInvalid, "overlap");
  expect_fault(pair("[0,4]", "[2,6]"), kModelInvalid, "tensors 'a' and 'b' overlap");
  expect_fault(pair("[4,8]", "[3,7]"), kModelInvalid, "3 bytes of weights before 'b' belong to no tensor");
  expect_fault(pair("[0,4]", "[4,8]", "a"), kModelInvalid, "tensor 'a' appears twice");
  expect_fault(pair("[0,4]", "[4,8]", "\\u0061"), kModelInvalid, "tensor 'a' appears twice");
}

}  // namespace

int main() {
  check_good_file();
  check_reference_file();
  check_reader();
  check_bad_lengths();
  check_bad_entries();
  check_places();
  std::puts("safetensors: ok");
}
