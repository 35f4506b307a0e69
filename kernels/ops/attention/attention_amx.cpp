#include "attention_tiles.h"

namespace slackwater {

namespace avx512 {
Status attention_cpu(const AttentionArgs& args);
}

namespace SLACKWATER_ISA {

/// attention_cpu of avx512, but for items that have rows enough for tiles. Not for a machine without tiles.
Status attention_amx(const AttentionArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  int32_t tokens = 0;
  for (int32_t i = 0; i < args.count; ++i) tokens += args.parts[i].rows;
  if (tokens * (args.heads / args.layer.kv_heads) < kTileBandMin) return avx512::attention_cpu(args);
  RealTiles tiles;
  attend_on_tiles(tiles, args);
  return status;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
