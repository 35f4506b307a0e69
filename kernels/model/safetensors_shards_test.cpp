// Folders: one file, or an index and the shards it names, which have to agree.
#include "safetensors.h"
#include "safetensors_index.h"
#include "test_safetensors.h"

using namespace slackwater;

namespace {

constexpr const char* kIndex = "model.safetensors.index.json";

std::string shard(const std::string& name, uint64_t seed) {
  SafetensorsWriter writer;
  writer.tensor(name, "F16", {2, 4}, random_bytes(16, seed));
  return writer.bytes();
}

/// A folder of two shards with a tensor each, and of this index.
Error open_folder(const std::string& index, const std::string& first = "a", const std::string& second = "b") {
  const TestFolder folder;
  folder.write("1.safetensors", shard(first, 1));
  folder.write("2.safetensors", shard(second, 2));
  folder.write(kIndex, index);
  Error error;
  const auto model = SafetensorsModel::open(folder.path(), error);
  CHECK((model == nullptr) == static_cast<bool>(error), "an answer and a fault go together");
  if (model == nullptr) return error;
  for (const auto& [name, seed] : {std::pair{first, 1}, std::pair{second, 2}}) {
    const WeightTensor* tensor = model->weights().find(name);
    CHECK(tensor != nullptr && std::memcmp(tensor->data, random_bytes(16, static_cast<uint64_t>(seed)).data(), 16) == 0, "'%s' is read from its shard", name.c_str());
  }
  return error;
}

void expect_fault(const Error& error, const char* code, const std::string& part) {
  CHECK(error.code == code && error.message.find(part) != std::string::npos, "wanted %s '%s', got %s: %s", code, part.c_str(), error.code.c_str(), error.message.c_str());
}

void check_good_folders() {
  const Error error = open_folder(R"({"metadata":{"total_size":32.0,"note":null},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  CHECK(!error, "%s", error.message.c_str());
  CHECK(!open_folder(R"( { "weight_map" : { "b" : "2.safetensors" , "a" : "1.safetensors" } } )"), "without metadata, in any order");
  const TestFolder single;
  single.write("model.safetensors", shard("only", 3));
  single.write(kIndex, "not read");
  Error fault;
  const auto model = SafetensorsModel::open(single.path(), fault);
  CHECK(model != nullptr && model->weights().tensors().size() == 1, "one file goes before an index: %s", fault.message.c_str());
}

void check_disagreements() {
  expect_fault(open_folder(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}})"), kModelInvalid,
               "'c' is not in 2.safetensors, where the weight_map has it");
  expect_fault(open_folder(R"({"weight_map":{"a":"1.safetensors","c":"2.safetensors"}})"), kModelInvalid, "'b' of 2.safetensors is not in the weight_map");
  expect_fault(open_folder(R"({"weight_map":{"a":"2.safetensors","b":"1.safetensors"}})"), kModelInvalid, "is in 1.safetensors, the weight_map has it in 2.safetensors");
  expect_fault(open_folder(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})", "a", "a"), kModelInvalid, "2.safetensors: tensor 'a' is in another shard too");
  expect_fault(open_folder(R"({"weight_map":{"a":"1.safetensors","b":"3.safetensors"}})"), kModelUnreadable, "3.safetensors: No such file");
}

void check_bad_indexes() {
  const auto refuse = [](const std::string& index, const std::string& part) { expect_fault(open_folder(index), kModelInvalid, part); };
  refuse("", "expected '{' at byte 0, found the end");
  refuse("{}", "no weight_map");
  refuse(R"({"weight_map":{}})", "weight_map is empty");
  refuse(R"({"weight_map":{"a":"1.safetensors","a":"2.safetensors"}})", "weight_map has 'a' twice");
  refuse(R"({"weight_map":{"a":"1.safetensors"},"weight_map":{}})", "member 'weight_map' appears twice");
  refuse(R"({"weight_map":{"a":1}})", "expected '\"' at byte 19, found '1'");
  refuse(R"({"metadata":{"a":{}},"weight_map":{}})", "expected a string, a number, true, false or null at byte 17");
  refuse(R"({"weights":{}})", "unknown member 'weights'");
  for (const char* file : {"../1.safetensors", "/etc/passwd", "", ".", "..", "a/b", "a\\\\b", "1\\u0000"}) {
    refuse(std::string(R"({"weight_map":{"a":")") + file + "\"}}", "weight_map places 'a' in '");
  }
  const std::string good = R"({"metadata":{"total_size":32},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})";
  for (size_t size = 0; size < good.size(); ++size) expect_fault(open_folder(good.substr(0, size)), kModelInvalid, "expected");
  std::string crowd;
  for (int i = 0; i < 1025; ++i) crowd += (i == 0 ? "" : ",") + std::string("\"t") + std::to_string(i) + "\":\"" + std::to_string(i) + ".safetensors\"";
  expect_fault(open_folder("{\"weight_map\":{" + crowd + "}}"), kModelUnsupported, "1025 shards; up to 1024");
}

void check_unreadable_paths() {
  const TestFolder empty;
  Error error;
  CHECK(SafetensorsModel::open(empty.path(), error) == nullptr && error.code == kModelUnreadable && error.message.find("no model.safetensors and no") != std::string::npos, "%s",
        error.message.c_str());
  error = {};
  CHECK(SafetensorsModel::open(empty.path() + "/none.safetensors", error) == nullptr && error.code == kModelUnreadable, "%s", error.message.c_str());
}

}  // namespace

int main() {
  check_good_folders();
  check_disagreements();
  check_bad_indexes();
  check_unreadable_paths();
  std::puts("safetensors shards: ok");
}
