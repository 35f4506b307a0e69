#pragma once

#include "../../lib/half.h"
#include "../../lib/tensor_format.h"
#include "gemm.h"

namespace slackwater {

/// Counts the ways in which panels were laid out and rounded; packed files of another number are not read. Whoever changes a
/// byte of what the two functions below or `dequantize` write adds one (packed_start_test knows the bytes).
constexpr uint64_t kPackedLayout = 2;

/// Quantises up to 16 rows of finite weights into one panel of kWords, kPlanes or kBytes. `panel` [panel_bytes(form, k)] out;
/// `rows` [count, k], 0 ≤ count ≤ 16. Outputs beyond count are zero. `scratch` holds 16 * padded k numbers.
void pack_panel(std::byte* panel, WeightForm form, const float* rows, int32_t count, int32_t k, int16_t* scratch);

/// The grouped form that holds tensors of this format: kEights without a loss, kFours with the scale and minimum of each group
/// rounded to whole steps of its output. False when there is none.
bool find_grouped_form(TensorFormat format, WeightForm& form);

/// One row of a tensor as stored.
struct StoredRow {
  const std::byte* data;
  TensorFormat format;
};

/// Packs up to 16 rows of k values into one panel of a grouped form that find_grouped_form named for each. Answers -1, or
/// the number of the first row with a group whose scale or minimum is not finite or does not fit the form.
int32_t pack_grouped_panel(std::byte* panel, WeightForm form, const StoredRow* rows, int32_t count, int32_t k);

}  // namespace slackwater
