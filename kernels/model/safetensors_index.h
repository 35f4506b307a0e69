#pragma once

#include <map>
#include <string>
#include <string_view>

#include "../lib/error.h"

namespace slackwater {

/// Which file holds which tensor: the weight_map of a model.safetensors.index.json.
using ShardOfTensor = std::map<std::string, std::string>;

/// False, and `error` set to model_invalid: JSON that is not { "metadata": { name: scalar }, "weight_map": { tensor: file } },
/// a tensor twice, or a file that is not a plain name in the index's own folder.
bool read_safetensors_index(std::string_view text, ShardOfTensor& shard_of, Error& error);

}  // namespace slackwater
