#include "batch_check.h"

namespace slackwater {

Status check_batch(const Batch& batch, const ModelShape& shape) {
  if (batch.rows < 0 || batch.sequences < 0 || batch.logits_count < 0) return Status::kBadShape;
  int32_t covered = 0;
  for (int32_t i = 0; i < batch.sequences; ++i) {
    const SequenceView& view = batch.views[i];
    const bool fits = view.first_row == covered && view.rows > 0 && view.rows <= batch.rows - covered && view.start >= 0 &&
                      view.start <= shape.context_length - view.rows;
    if (!fits) return Status::kBadShape;
    covered += view.rows;
  }
  if (covered != batch.rows) return Status::kBadShape;
  for (int32_t row = 0; row < batch.rows; ++row) {
    if (batch.tokens[row] < 0 || batch.tokens[row] >= shape.vocab) return Status::kBadShape;
  }
  for (int32_t i = 0; i < batch.logits_count; ++i) {
    if (batch.logits_rows[i] < 0 || batch.logits_rows[i] >= batch.rows) return Status::kBadShape;
  }
  return Status::kOk;
}

}  // namespace slackwater
