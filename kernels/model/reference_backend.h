#pragma once

#include <memory>

#include "model.h"

namespace slackwater {

/// "reference-f32": weights dequantised to fp32, KV in fp32, every sum in double. The definition of the model;
/// about 30 ms a token on two cores. Null, and `error` set, as make_backend.
std::unique_ptr<Backend> make_reference_backend(const ModelFile& model, int threads, Error& error, const LoadOptions& options);

}  // namespace slackwater
