// A start from packed weights that were kept computes the same bits as the one that packed them, whatever happened to them
// meanwhile; and a start that cannot fit is refused before it takes anything.
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <iterator>

#include "../ops/gemm/pack.h"
#include "packed_cache.h"
#include "test_llama.h"
#include "test_safetensors.h"

using namespace slackwater;

namespace {

constexpr auto kF16 = static_cast<uint32_t>(TensorFormat::kF16), kQ41 = static_cast<uint32_t>(TensorFormat::kQ4_1);

std::vector<float> start(const Variant& variant, WeightMode mode, const std::string& folder, Isa isa = best_isa()) {
  const TestFile file(tiny_model(variant));
  Error error;
  const auto model = ModelFile::open(file.path(), error);
  CHECK(model != nullptr, "%s", error.message.c_str());
  const auto backend = make_backend(*model, BackendKind::kCpu, isa, mode, 2, error, {.packed_folder = folder});
  CHECK(backend != nullptr, "%s", error.message.c_str());
  return logits_of(*backend);
}

bool is_same(const std::vector<float>& a, const std::vector<float>& b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0; }

std::vector<std::filesystem::path> kept_in(const std::string& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) out.push_back(entry.path());
  return out;
}

std::string bytes_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check_second_start() {
  for (const uint32_t format : {kF16, kQ41}) {
    for (const WeightMode mode : {WeightMode::kExact, WeightMode::kFast}) {
      const TestFolder folder;
      const Variant variant{.format = format};
      const std::vector<float> without = start(variant, mode, "");
      const std::vector<float> first = start(variant, mode, folder.path());
      const auto kept = kept_in(folder.path());
      CHECK(kept.size() == 1, "%zu files", kept.size());
      const auto written = std::filesystem::last_write_time(kept[0]);
      std::filesystem::last_write_time(kept[0], written - std::chrono::hours(1));
      CHECK(is_same(without, first) && is_same(first, start(variant, mode, folder.path())), "format %u, mode %s", format, weight_mode_name(mode));
      CHECK(kept_in(folder.path()) == kept && std::filesystem::last_write_time(kept[0]) > written - std::chrono::hours(1), "it was used, and is the only one");
      CHECK(is_same(start(variant, mode, "", Isa::kScalar), start(variant, mode, folder.path(), Isa::kScalar)) && kept_in(folder.path()).size() == 1, "on every instruction set");
    }
  }
}

/// The kept weights are really what is computed with: with the digests mended, a changed byte changes the logits.
void check_kept_weights_are_used() {
  const TestFolder folder;
  const Variant variant{.format = kF16};
  const std::vector<float> logits = start(variant, WeightMode::kExact, folder.path());
  const auto path = kept_in(folder.path())[0];
  const std::string good = bytes_of_file(path);
  Digest key;
  std::memcpy(&key, good.data() + 16, sizeof key);
  Buffer<std::byte> packed(good.size() - 4096);
  std::memcpy(packed.data(), good.data() + 4096, packed.size());
  for (size_t at = packed.size() / 2; at < packed.size() / 2 + 4096; ++at) packed.data()[at] ^= std::byte{0x40};
  ThreadPool pool(1);
  PackedCache(folder.path()).store(pool, key, packed);
  CHECK(!is_same(logits, start(variant, WeightMode::kExact, folder.path())), "the kept weights were not read");
}

void check_damage() {
  const TestFolder folder;
  const Variant variant{.format = kF16};
  const std::vector<float> logits = start(variant, WeightMode::kExact, folder.path());
  const auto path = kept_in(folder.path())[0];
  const std::string good = bytes_of_file(path);
  for (const size_t at : {size_t{0}, size_t{9}, size_t{20}, size_t{40}, size_t{4096}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    folder.write(path.filename().string(), bad);
    CHECK(is_same(logits, start(variant, WeightMode::kExact, folder.path())), "byte %zu", at);
    CHECK(bytes_of_file(path) == good, "byte %zu: it is written again", at);
  }
  folder.write(path.filename().string(), good.substr(0, good.size() / 2));
  CHECK(is_same(logits, start(variant, WeightMode::kExact, folder.path())) && bytes_of_file(path) == good, "a file cut short");
}

void check_keys() {
  const TestFolder folder;
  size_t files = 0;
  const auto expect_new = [&](const Variant& variant, WeightMode mode, const char* what) {
    const std::vector<float> plain = start(variant, mode, "");
    CHECK(is_same(plain, start(variant, mode, folder.path())) && kept_in(folder.path()).size() == ++files, "%s: %zu files", what, kept_in(folder.path()).size());
  };
  expect_new({.format = kF16}, WeightMode::kExact, "a first model");
  expect_new({.format = kF16}, WeightMode::kFast, "another mode");
  expect_new({.format = kF16, .is_as_f32 = true}, WeightMode::kExact, "other bytes of the same values");
  const half changed = half_from_float(0.25f);
  expect_new({.format = kF16, .poison = "blk.1.ffn_up.weight", .poisoned = bytes_of(changed), .poison_at = 2 * 17}, WeightMode::kExact, "one weight changed");
  // The norms are no part of what is packed.
  const std::vector<float> norm = start({.format = kF16, .poison = "blk.1.ffn_norm.weight", .poisoned = bytes_of(0.25f)}, WeightMode::kExact, folder.path());
  CHECK(kept_in(folder.path()).size() == files && !is_same(norm, start({.format = kF16}, WeightMode::kExact, folder.path())), "a norm changed");
}

void check_groups_are_not_kept() {
  const TestFolder folder;
  start({.format = kQ41}, WeightMode::kCompact, folder.path());
  CHECK(kept_in(folder.path()).empty(), "the file's own groups are packed as fast as they are read");
}

void check_no_folder() {
  const TestFolder folder;
  folder.write("file", "");
  const Variant variant{.format = kF16};
  CHECK(is_same(start(variant, WeightMode::kExact, ""), start(variant, WeightMode::kExact, folder.path() + "/file/x")), "a folder that cannot be made");
  CHECK(is_same(start(variant, WeightMode::kExact, ""), start(variant, WeightMode::kExact, "/proc/x")), "one that cannot be written");
}

void check_memory_refusals() {
  const TestFile file(tiny_model({}));
  Error error;
  const auto model = ModelFile::open(file.path(), error);
  const auto refuse = [&](const LoadOptions& options, const char* part, BackendKind kind = BackendKind::kCpu) {
    error = {};
    CHECK(make_backend(*model, kind, best_isa(), WeightMode::kExact, 1, error, options) == nullptr, "'%s' is refused", part);
    CHECK(error.code == kOutOfMemory && error.message.find(part) != std::string::npos && error.message.find(" are available") != std::string::npos, "%s: %s", error.code.c_str(), error.message.c_str());
  };
  refuse({.dram_bytes = size_t{1} << 50}, "(weights 0.2 MB, hbm 0.0 MB, dram 1125899.91 GB, activations 0.0 MB)");
  refuse({.hbm_bytes = size_t{1} << 50}, "hbm 1125899.91 GB");
  refuse({.rows_max = INT32_MAX, .logits_max = INT32_MAX}, "activations ");
  refuse({.dram_bytes = size_t{1} << 50}, "(weights 0.4 MB, hbm 0.0 MB, dram 1125899.91 GB, activations 0.0 MB)", BackendKind::kReference);
  refuse({.rows_max = INT32_MAX, .logits_max = INT32_MAX}, "activations ", BackendKind::kReference);
  error = {};
  CHECK(!check_memory({100, 20, 3, 4}, 126, error) && check_memory({100, 20, 3, 4}, 127, error), "to the byte");
}

/// Of several pieces of memory, in order.
struct Pinned {
  Digest all;
  void add(const void* data, size_t bytes) {
    const Digest one = digest_of(data, bytes);
    all = {all.low * 31 + one.low, all.high * 31 + one.high};
  }
  void expect(const char* what, uint64_t low, uint64_t high) const {
    CHECK(kPackedLayout == 2 && all.low == low && all.high == high, "%s: layout %d has 0x%016llxull, 0x%016llxull", what, static_cast<int>(kPackedLayout),
          static_cast<unsigned long long>(all.low), static_cast<unsigned long long>(all.high));
  }
};

/// Weights in any format, all of them finite.
std::string pinned_weights(TensorFormat format, size_t count) {
  std::string out = test_weights(static_cast<uint32_t>(format), count, 11);
  if (static_cast<uint32_t>(format) < kGgufFormatsEnd) return out;
  for (char& byte : out) byte = static_cast<char>(byte & 0xbb);  // No exponent of FP8 has all its bits.
  return out;
}

/// Packed files of other layouts are not read: whoever changes these bytes has to change kPackedLayout. They follow from three
/// steps: values out of the file's format, numbers out of values, and the file's own groups in another order.
void check_layout() {
  constexpr int32_t k = 256, rows = 13;
  TestRandom random(7);
  std::vector<float> values(16 * k);
  for (float& value : values) value = random.uniform();
  Pinned numbers, dequantized, groups;
  for (const WeightForm form : {WeightForm::kWords, WeightForm::kPlanes, WeightForm::kBytes}) {
    std::vector<std::byte> panel(panel_bytes(form, k));
    std::vector<int16_t> scratch(16 * static_cast<size_t>(padded_inputs(k)));
    pack_panel(panel.data(), form, values.data(), rows, k, scratch.data());
    numbers.add(panel.data(), panel.size());
  }
  int32_t formats = 0, forms = 0;
  for (uint32_t number = 0; number <= static_cast<uint32_t>(TensorFormat::kF8E5m2); ++number) {
    const FormatBlock block = format_block(number);
    if (block.values == 0) continue;
    ++formats;
    const auto format = static_cast<TensorFormat>(number);
    const std::string bytes = pinned_weights(format, size_t{rows} * k);
    const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
    dequantize(format, data, size_t{rows} * k, values.data());
    dequantized.add(values.data(), size_t{rows} * k * sizeof(float));
    WeightForm form;
    if (!find_grouped_form(format, form)) continue;
    forms |= 1 << static_cast<int>(form);
    StoredRow stored[kGemmColumns] = {};
    for (int32_t r = 0; r < rows; ++r) stored[r] = {data + static_cast<size_t>(r) * k / block.values * block.bytes, format};
    std::vector<std::byte> panel(panel_bytes(form, k));
    CHECK(pack_grouped_panel(panel.data(), form, stored, rows, k) == -1, "%s", format_name(number));
    groups.add(panel.data(), panel.size());
  }
  CHECK(formats == 16 && forms == (1 << static_cast<int>(WeightForm::kFours) | 1 << static_cast<int>(WeightForm::kEights)), "%d formats, forms %x", formats, forms);
  numbers.expect("numbers out of values", 0xe8c7672fe5ac92ccull, 0xadd0b85c570a2248ull);
  dequantized.expect("values of the formats", 0x63fd1ac0c45c0d1aull, 0x09ebe22f75d2ab3dull);
  groups.expect("groups of the formats", 0x9972da5d64402a2full, 0x7e06b51da79bb513ull);
}

}  // namespace

int main() {
  check_second_start();
  check_kept_weights_are_used();
  check_damage();
  check_keys();
  check_groups_are_not_kept();
  check_no_folder();
  check_memory_refusals();
  check_layout();
  std::printf("packed start: ok\n");
}
