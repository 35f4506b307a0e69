#include "safetensors.h"

#include <filesystem>
#include <set>

#include "safetensors_index.h"
#include "safetensors_parser.h"

namespace slackwater {
namespace {

constexpr const char* kSingleName = "model.safetensors";
constexpr const char* kIndexName = "model.safetensors.index.json";
constexpr size_t kIndexBytesMax = 100'000'000;  // As of a header.
constexpr size_t kShardsMax = 1024;             // Each is a mapping of its own; models of 1 TB come in under 200.

}  // namespace

std::unique_ptr<SafetensorsModel> SafetensorsModel::open(const std::string& path, Error& error) {
  namespace fs = std::filesystem;
  std::unique_ptr<SafetensorsModel> model(new SafetensorsModel());
  std::error_code unused;  // What cannot be looked at is not there; opening it says why.
  if (!fs::is_directory(path, unused)) return model->open_file(path, error) ? std::move(model) : nullptr;
  const std::string single = (fs::path(path) / kSingleName).string(), index = (fs::path(path) / kIndexName).string();
  if (fs::exists(single, unused)) return model->open_file(single, error) ? std::move(model) : nullptr;
  if (fs::exists(index, unused)) return model->open_shards(path, index, error) ? std::move(model) : nullptr;
  error.set(kModelUnreadable, path + ": no " + kSingleName + " and no " + kIndexName + " in this folder");
  return nullptr;
}

bool SafetensorsModel::open_file(const std::string& path, Error& error) {
  MappedFile file;
  std::vector<WeightTensor> tensors;
  if (!file.open(path, error)) return false;
  bool is_good = SafetensorsParser({file.data(), file.size()}, error).parse(tensors);
  for (WeightTensor& tensor : tensors) {
    const std::string name = tensor.name;
    if (weights_.add(std::move(tensor))) continue;
    error.set(kModelInvalid, "tensor '" + name + "' is in another shard too");
    is_good = false;
    break;
  }
  if (!is_good) error.message = path + ": " + error.message;
  files_.push_back(std::move(file));
  return is_good;
}

bool SafetensorsModel::open_shards(const std::string& folder, const std::string& index_path, Error& error) {
  MappedFile index;
  ShardOfTensor shard_of;
  const auto fail = [&](const char* code, const std::string& message) {
    error.set(code, index_path + ": " + message);
    return false;
  };
  if (!index.open(index_path, error)) return false;
  if (index.size() > kIndexBytesMax) return fail(kModelUnsupported, "index of " + std::to_string(index.size()) + " bytes; up to " + std::to_string(kIndexBytesMax) + " are known");
  if (!read_safetensors_index({reinterpret_cast<const char*>(index.data()), index.size()}, shard_of, error)) return fail(kModelInvalid, error.message);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : shard_of) shards.insert(shard);
  if (shards.size() > kShardsMax) return fail(kModelUnsupported, std::to_string(shards.size()) + " shards; up to " + std::to_string(kShardsMax) + " are known");
  for (const std::string& shard : shards) {
    const size_t known = weights_.tensors().size();
    if (!open_file((std::filesystem::path(folder) / shard).string(), error)) return false;
    for (size_t i = known; i < weights_.tensors().size(); ++i) {
      const std::string& name = weights_.tensors()[i].name;
      const auto said = shard_of.find(name);
      if (said == shard_of.end()) return fail(kModelInvalid, "tensor '" + name + "' of " + shard + " is not in the weight_map");
      if (said->second != shard) return fail(kModelInvalid, "tensor '" + name + "' is in " + shard + ", the weight_map has it in " + said->second);
    }
  }
  for (const auto& [tensor, shard] : shard_of) {
    if (weights_.find(tensor) == nullptr) return fail(kModelInvalid, "tensor '" + tensor + "' is not in " + shard + ", where the weight_map has it");
  }
  return true;
}

}  // namespace slackwater
