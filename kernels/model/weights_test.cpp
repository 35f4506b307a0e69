// Every format through the whole path: a tiny llama in it is the llama of the F32 values that it stands for, bit for bit
// where weights are requantised, and close to it where they stay in the blocks of the file;
// and a scale that is no number is found when the model is loaded, by the tensor's name.
#include "test_llama.h"

using namespace slackwater;

namespace {

constexpr TensorFormat kFormats[] = {TensorFormat::kF32,  TensorFormat::kF16,  TensorFormat::kBf16, TensorFormat::kQ8_0, TensorFormat::kQ6_K, TensorFormat::kQ5_K,  TensorFormat::kQ5_1,
                                     TensorFormat::kQ5_0, TensorFormat::kQ4_K, TensorFormat::kQ4_1, TensorFormat::kQ4_0, TensorFormat::kIq4Nl, TensorFormat::kQ3_K, TensorFormat::kQ2_K};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void check_same_as_f32(TensorFormat format) {
  const auto number = static_cast<uint32_t>(format);
  for (const BackendKind kind : {BackendKind::kReference, BackendKind::kCpu}) {
    Error error;
    const auto stored = load({.format = number, .is_wide = true}, kind, best_isa(), error, 1, WeightMode::kExact);
    const auto plain = load({.format = number, .is_wide = true, .is_as_f32 = true}, kind, best_isa(), error, 1, WeightMode::kExact);
    CHECK(stored != nullptr && plain != nullptr, "%s: %s", format_name(number), error.message.c_str());
    const std::vector<float> got = logits_of(*stored), want = logits_of(*plain);
    CHECK(same_bits(got, want), "%s on %s: relL2 %.1e from its F32 values", format_name(number), stored->numerics(), rel_l2(got.data(), want.data(), want.size()));
    double spread = 0;
    for (const float value : want) spread = std::fmax(spread, std::fabs(value - want[0]));
    CHECK(std::isfinite(spread) && spread > 0.1, "%s: logits that say something, not %g apart", format_name(number), spread);
  }
}

void check_compact(TensorFormat format) {
  const auto number = static_cast<uint32_t>(format);
  Error error;
  const auto reference = load({.format = number, .is_wide = true}, BackendKind::kReference, Isa::kScalar, error);
  const auto compact = load({.format = number, .is_wide = true}, BackendKind::kCpu, best_isa(), error, 1, WeightMode::kCompact);
  CHECK(compact != nullptr, "%s: %s", format_name(number), error.message.c_str());
  const std::vector<float> got = logits_of(*compact), want = logits_of(*reference);
  const double distance = rel_l2(got.data(), want.data(), want.size());
  CHECK(distance < 2e-3, "%s on %s: relL2 %.1e from the reference", format_name(number), compact->numerics(), distance);
}

/// The first scale or minimum of a second row is NaN, and so is every value of its block; or infinite.
void check_bad_scale(TensorFormat format) {
  const auto number = static_cast<uint32_t>(format);
  const FormatBlock block = format_block(number);
  for (const uint32_t scale_at : test_scales(number)) {
    Variant bad{.format = number, .is_wide = true, .poison = "blk.1.ffn_down.weight", .poisoned = bytes_of(uint16_t{0x7e00})};
    bad.poison_at = 256 / block.values * block.bytes + scale_at;
    expect_fault(bad, kModelInvalid, "'blk.1.ffn_down.weight' holds nan at value 256 of 65536");
    bad.poisoned = bytes_of(uint16_t{0x7c00});
    expect_fault(bad, kModelInvalid, "'blk.1.ffn_down.weight' holds ");
  }
}

/// A row that ends inside a block.
void check_ragged_rows(TensorFormat format) {
  const auto number = static_cast<uint32_t>(format);
  const FormatBlock block = format_block(number);
  if (block.values == 1) return;
  for (const uint64_t cols : {uint64_t{block.values} - 1, uint64_t{block.values} + block.values / 2, uint64_t{1}}) {
    GgufWriter writer;
    writer.tensor("ragged", {cols, block.values}, number, test_weights(number, cols * block.values, 1));
    const TestFile file(writer.bytes());
    Error error;
    CHECK(GgufFile::open(file.path(), error) == nullptr && error.code == kModelInvalid, "%s: rows of %d values", format_name(number), static_cast<int>(cols));
    const std::string part = "'ragged' has rows of " + std::to_string(cols) + " values in blocks of " + std::to_string(block.values) + " (" + format_name(number) + ")";
    CHECK(error.message.find(part) != std::string::npos, "'%s' is not in: %s", part.c_str(), error.message.c_str());
  }
}

}  // namespace

int main() {
  for (const TensorFormat format : kFormats) {
    check_same_as_f32(format);
    check_compact(format);
    check_bad_scale(format);
    check_ragged_rows(format);
  }
  std::puts("weights: ok");
}
