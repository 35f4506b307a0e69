#pragma once

#include <memory>
#include <string>

#include "../lib/error.h"
#include "../lib/isa.h"
#include "backend.h"
#include "load_options.h"
#include "model_file.h"
#include "weight_mode.h"

namespace slackwater {

constexpr int kThreadsMax = 256;

enum class BackendKind { kReference, kCpu };

/// Reads all weights into the backend's own memory: `model` may be closed afterwards.
/// `threads`, from 1 to kThreadsMax, counts the thread that calls `run`. `isa` and `mode` are ignored by the reference.
/// Null, and `error` set: a tensor missing, of a wrong shape or unknown; a weight that is
/// not finite (by tensor name); an isa that this machine lacks; bad_argument for `threads`; out_of_memory when the
/// weights and what `options` names do not fit what is available (cpu), or the system refuses memory or threads.
///
/// `run` answers kBadShape, with nothing written, when a view does not fit the batch, a token id is outside the
/// vocabulary or a position outside the context. It is not reentrant: one thread at a time.
std::unique_ptr<Backend> make_backend(const ModelFile& model, BackendKind kind, Isa isa, WeightMode mode, int threads, Error& error, const LoadOptions& options = {});

}  // namespace slackwater
