#pragma once

#include <memory>

#include "model.h"

namespace slackwater {

/// "cpu-f16-<isa>": weights in prepacked binary16, activations and sums in fp32, KV in binary16.
/// Null, and `error` set, as make_backend.
std::unique_ptr<Backend> make_cpu_backend(const ModelFile& model, Isa isa, WeightMode mode, int threads, Error& error);

}  // namespace slackwater
