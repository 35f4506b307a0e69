#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../lib/error.h"
#include "../lib/mapped_file.h"
#include "weight_table.h"

namespace slackwater {

/// The weights of a model in safetensors, mapped read-only: one file, or a folder of shards.
///
/// Beside GgufFile: both give a WeightTable, which is all that TensorReader asks for. What the tensors mean is ModelFile's.
///
/// As with a GGUF, everything that a header says is checked against the size of its file before it is believed: after
/// `open` every tensor lies inside a mapping and none overlap. The files must not be cut while this lives.
class SafetensorsModel {
 public:
  /// `path` is a file, or a folder with model.safetensors, or with model.safetensors.index.json and the files it names;
  /// where both are there, the first, as transformers does. Null, and `error` set to model_unreadable (the file system
  /// said no), model_invalid (bytes that contradict themselves, or the index and its shards one another) or
  /// model_unsupported (a dtype or a number of dimensions that is not known here; a header above 100 MB).
  static std::unique_ptr<SafetensorsModel> open(const std::string& path, Error& error);

  const WeightTable& weights() const { return weights_; }

 private:
  SafetensorsModel() = default;
  bool open_file(const std::string& path, Error& error);
  bool open_shards(const std::string& folder, const std::string& index_path, Error& error);

  std::vector<MappedFile> files_;
  WeightTable weights_;
};

}  // namespace slackwater
