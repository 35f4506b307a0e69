#include "model.h"

#include <exception>

#include "cpu_backend.h"
#include "reference_backend.h"

namespace slackwater {

std::unique_ptr<Backend> make_backend(const ModelFile& model, BackendKind kind, Isa isa, WeightMode mode, int threads, Error& error, const LoadOptions& options) {
  if (threads < 1 || threads > kThreadsMax) {
    error.set(kBadArgument, std::to_string(threads) + " threads; 1 to " + std::to_string(kThreadsMax) + " are possible");
    return nullptr;
  }
  try {
    if (kind == BackendKind::kReference) return make_reference_backend(model, threads, error, options);
    return make_cpu_backend(model, isa, mode, threads, error, options);
  } catch (const std::exception& fault) {  // std::bad_alloc, std::length_error of a vector, std::system_error of a thread
    error.set(kOutOfMemory, "the system refuses the memory of the weights, or one of " + std::to_string(threads) + " threads: " + fault.what());
    return nullptr;
  }
}

}  // namespace slackwater
