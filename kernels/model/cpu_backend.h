#pragma once

#include <memory>

#include "model.h"

namespace slackwater {

/// "cpu-<mode>-<isa>": linear layers in integers (see MatrixStore and ops/gemm), their sums the same on every instruction
/// set; K and V in 16-bit whole numbers, norms and what goes from op to op in fp32.
/// Null, and `error` set, as make_backend.
std::unique_ptr<Backend> make_cpu_backend(const ModelFile& model, Isa isa, WeightMode mode, int threads, Error& error, const LoadOptions& options);

}  // namespace slackwater
