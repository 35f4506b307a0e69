#include "embedding.h"

namespace slackwater {

Status embedding(const EmbeddingArgs& args) {
  const FormatBlock block = format_block(static_cast<uint32_t>(args.format));
  if (args.rows < 0 || args.cols <= 0 || args.vocab <= 0) return Status::kBadShape;
  if (block.values == 0) return Status::kUnsupported;
  if (static_cast<uint32_t>(args.cols) % block.values != 0) return Status::kBadShape;
  for (int32_t row = 0; row < args.rows; ++row) {
    if (args.tokens[row] < 0 || args.tokens[row] >= args.vocab) return Status::kBadShape;
  }
  const size_t row_bytes = static_cast<size_t>(args.cols) / block.values * block.bytes;
  for (int32_t row = 0; row < args.rows; ++row) {
    dequantize(args.format, args.table + static_cast<size_t>(args.tokens[row]) * row_bytes, static_cast<size_t>(args.cols),
               args.out + static_cast<size_t>(row) * args.cols);
  }
  return Status::kOk;
}

}  // namespace slackwater
