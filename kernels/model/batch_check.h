#pragma once

#include "backend.h"

namespace slackwater {

/// kOk when the views cover the batch without gaps, tokens are in the vocabulary, positions in the context and
/// logits rows in the batch. Block indices cannot be checked: the arena's size is the engine's.
Status check_batch(const Batch& batch, const ModelShape& shape);

}  // namespace slackwater
