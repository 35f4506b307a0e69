#include "gemm_tiles.h"
#include "gemm_agree.h"

namespace slackwater {

namespace avx512 {
Status gemm_cpu(const GemmArgs& args);
}

namespace SLACKWATER_ISA {

/// gemm_cpu of avx512, but for the forms and numbers of rows that tiles are for. Not for a machine without tiles.
Status gemm_amx(const GemmArgs& args) {
  const WeightForm form = args.weights.form;
  if ((form != WeightForm::kPlanes && form != WeightForm::kBytes) || args.rows < kTileRowsMin) return avx512::gemm_cpu(args);
  const Status status = check_gemm(args);
  if (status != Status::kOk) return status;
  RealTiles tiles;
  multiply_tiles(tiles, args);
  return status;
}

}  // namespace SLACKWATER_ISA
}  // namespace slackwater
