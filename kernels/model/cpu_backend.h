#pragma once

#include <memory>

#include "model.h"

namespace slackwater {

/// "cpu-<mode>-<isa>": linear layers in integers (see MatrixStore and ops/gemm), their sums the same on every instruction
/// set; everything else in fp32, KV in binary16.
/// Null, and `error` set, as make_backend.
std::unique_ptr<Backend> make_cpu_backend(const ModelFile& model, Isa isa, WeightMode mode, int threads, Error& error, const LoadOptions& options);

}  // namespace slackwater
