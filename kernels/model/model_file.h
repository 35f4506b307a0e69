#pragma once

#include <memory>
#include <string>

#include "../lib/json_value.h"
#include "architecture.h"
#include "gguf.h"
#include "safetensors.h"
#include "tensor_names.h"
#include "vocab.h"

namespace slackwater {

/// A model on disk, opened: a GGUF, or safetensors with their config.json. What it computes, its weights and its vocabulary, in whatever
/// way they are kept. The files must not be cut while this lives.
class ModelFile {
 public:
  /// `path` is a .gguf file; a .safetensors file with config.json beside it; or a folder with config.json and model.safetensors, or
  /// with the shards that a model.safetensors.index.json names. Null, and `error` set: as GgufFile::open, SafetensorsModel::open,
  /// read_gguf_architecture and read_config_architecture.
  static std::unique_ptr<ModelFile> open(const std::string& path, Error& error);

  const Architecture& architecture() const { return architecture_; }
  const WeightTable& weights() const { return gguf_ != nullptr ? gguf_->weights() : safetensors_->weights(); }
  const TensorNames& names() const { return names_; }

  /// From the GGUF's metadata, or from tokenizer.json, config.json and generation_config.json. False, and `error` set, as read_vocab.
  bool read_vocab(Vocab& vocab, Error& error) const;

 private:
  ModelFile() = default;
  bool open_gguf(const std::string& path, Error& error);
  bool open_safetensors(const std::string& path, Error& error);

  std::unique_ptr<GgufFile> gguf_;
  std::unique_ptr<SafetensorsModel> safetensors_;
  std::string folder_;  // Of the safetensors.
  JsonValue config_;
  Architecture architecture_;
  TensorNames names_;
};

/// Reads a whole JSON file of at most 16 MB. False, and `error` set, with the path in front.
bool read_json_file(const std::string& path, JsonValue& out, Error& error);

}  // namespace slackwater
