#include "llama.h"

#include <new>

#include "cpu_backend.h"
#include "reference_backend.h"

namespace slackwater {

std::unique_ptr<Backend> make_backend(const GgufFile& file, BackendKind kind, Isa isa, int threads, Error& error) {
  constexpr int kThreadsMax = 256;
  if (threads < 1 || threads > kThreadsMax) {
    error.set(kModelUnsupported, std::to_string(threads) + " threads; 1 to " + std::to_string(kThreadsMax) + " are possible");
    return nullptr;
  }
  try {
    if (kind == BackendKind::kReference) return make_reference_backend(file, threads, error);
    return make_cpu_backend(file, isa, threads, error);
  } catch (const std::bad_alloc&) {
    error.set(kModelUnreadable, "not enough memory for the weights");
    return nullptr;
  }
}

}  // namespace slackwater
