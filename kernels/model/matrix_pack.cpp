// How the linear layers of a file become panels.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "../ops/gemm/pack.h"
#include "matrix.h"

namespace slackwater {
namespace {

/// Whether kCompact keeps it in 4 bits.
bool is_four_bits(TensorFormat format) {
  WeightForm form;
  return find_grouped_form(format, form) && form == WeightForm::kFours;
}

bool is_finite(const float* values, size_t count) {
  int32_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    int32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    bad |= (bits & 0x7fffffff) >= 0x7f800000;
  }
  return bad == 0;
}

/// Where one thread packs panels that are not grouped.
struct Scratch {
  Buffer<float> values;     // [16, k]
  Buffer<int16_t> numbers;  // [16, padded k]
};

/// Answers -1, or the number of the first row that cannot be packed.
int32_t pack_rows(std::byte* panel, const PackedWeights& weights, const TensorReader::Row* rows, int32_t count, Scratch& scratch) {
  const auto k = static_cast<size_t>(weights.k);
  if (is_grouped(weights.form)) {
    StoredRow stored[kGemmColumns];
    for (int32_t c = 0; c < count; ++c) stored[c] = {rows[c].data(), rows[c].tensor->format};
    return pack_grouped_panel(panel, weights.form, stored, count, weights.k);
  }
  scratch.values.reserve(k * kGemmColumns);
  scratch.numbers.reserve(static_cast<size_t>(padded_inputs(weights.k)) * kGemmColumns);
  for (int32_t c = 0; c < count; ++c) {
    float* values = scratch.values.data() + static_cast<size_t>(c) * k;
    dequantize(rows[c].tensor->format, rows[c].data(), k, values);
    if (!is_finite(values, k)) return c;
  }
  pack_panel(panel, weights.form, scratch.values.data(), count, weights.k, scratch.numbers.data());
  return -1;
}

}  // namespace

void MatrixStore::plan(TensorReader& reader, WeightMode mode, bool is_for_tiles, Error& error) {
  for (size_t i = 0; i < matrices_.size(); ++i) {
    const int32_t k = matrices_[i].k();
    if (!error && k > kGemmInputsMax) {
      error.set(kModelUnsupported, "'" + sources_[i].parts[0].name + "' has " + std::to_string(k) + " inputs; the cpu backend multiplies at most " + std::to_string(kGemmInputsMax));
    }
    sources_[i].rows = reader.rows(sources_[i].parts, k);
  }
  if (error) return;
  choose_mode(mode, is_for_tiles);
  for (size_t i = 0; i < matrices_.size(); ++i) matrices_[i].weights_.form = choose_form(sources_[i]);
}

size_t MatrixStore::bytes() const {
  size_t all = 0;
  for (const Matrix& matrix : matrices_) all += matrix.bytes();
  return all;
}

void MatrixStore::pack(TensorReader& reader, ThreadPool& pool, Error& error, const PackedCache& cache) {
  if (error) return;
  data_ = Buffer<std::byte>(bytes());
  std::byte* free = data_.data();
  for (Matrix& matrix : matrices_) {
    matrix.weights_.panels = free;
    free += matrix.bytes();
  }
  const bool is_kept = cache.is_on() && is_worth_keeping();
  const Digest key = is_kept ? key_of(pool) : Digest{};
  if (!is_kept || !cache.load(pool, key, data_)) {
    pack_panels(reader, pool);
    if (is_kept && !error) cache.store(pool, key, data_);
  }
  sources_.clear();
}

/// The file's own groups are put in another order, and their scales rounded, about as fast as a packed file is read: 135 million
/// weights take 0.16 to 0.2 s of two threads. To quantise them all again takes twice that and more.
bool MatrixStore::is_worth_keeping() const {
  size_t quantised = 0;
  for (const Matrix& matrix : matrices_) quantised += is_grouped(matrix.form()) ? 0 : matrix.bytes();
  return quantised > bytes() / 2;
}

/// Of everything that the packed bytes follow from.
Digest MatrixStore::key_of(ThreadPool& pool) const {
  std::vector<uint64_t> facts = {kPackedLayout, static_cast<uint64_t>(mode_)};
  for (size_t i = 0; i < matrices_.size(); ++i) {
    const Matrix& matrix = matrices_[i];
    facts.insert(facts.end(), {static_cast<uint64_t>(matrix.form()), static_cast<uint64_t>(matrix.n()), static_cast<uint64_t>(matrix.k())});
    const WeightTensor* before = nullptr;
    for (const TensorReader::Row& row : sources_[i].rows) {
      if (row.tensor == before) continue;
      before = row.tensor;
      const Digest content = digest_of(pool, row.tensor->data, row.tensor->bytes);
      facts.insert(facts.end(), {static_cast<uint64_t>(row.tensor->format), content.low, content.high});
    }
  }
  return digest_of(facts.data(), facts.size() * sizeof(uint64_t));
}

void MatrixStore::choose_mode(WeightMode wanted, bool is_for_tiles) {
  mode_ = wanted == WeightMode::kAuto && is_for_tiles ? WeightMode::kExact : wanted;
  if (is_for_tiles && mode_ == WeightMode::kExact) exact_form_ = WeightForm::kPlanes;
  if (mode_ != WeightMode::kAuto) return;
  size_t fours = 0, all = 0;
  for (const Source& source : sources_) {
    for (const auto& row : source.rows) {
      all += row.tensor->shape[0];
      if (is_four_bits(row.tensor->format)) fours += row.tensor->shape[0];
    }
  }
  mode_ = fours > all / 2 ? WeightMode::kCompact : WeightMode::kExact;
}

WeightForm MatrixStore::choose_form(const Source& source) const {
  if (mode_ == WeightMode::kFast) return WeightForm::kBytes;
  if (mode_ == WeightMode::kExact) return exact_form_;
  WeightForm first = WeightForm::kWords;
  for (const auto& row : source.rows) {
    WeightForm form;
    if (!find_grouped_form(row.tensor->format, form)) return WeightForm::kWords;
    if (&row == &source.rows[0]) first = form;
    if (form != first) return WeightForm::kWords;
  }
  return first;
}

void MatrixStore::pack_panels(TensorReader& reader, ThreadPool& pool) {
  // All panels of all matrices are units of one loop: no thread waits at the end of a layer.
  struct Unit {
    const Matrix* matrix;
    const Source* source;
    int32_t panel;
  };
  std::vector<Unit> units;
  for (size_t i = 0; i < matrices_.size(); ++i) {
    for (int32_t panel = 0; panel < gemm_panels(matrices_[i].n()); ++panel) units.push_back({&matrices_[i], &sources_[i], panel});
  }
  std::vector<Scratch> scratch(static_cast<size_t>(pool.threads()));
  // The first unit with a bad row, and the row: (unit * 16 + row).
  std::atomic<size_t> first_bad{SIZE_MAX};
  pool.run(static_cast<int>(units.size()), [&](int index, int thread) {
    const Unit& unit = units[static_cast<size_t>(index)];
    const PackedWeights& weights = unit.matrix->weights_;
    const int32_t first = unit.panel * kGemmColumns;
    auto* panel = const_cast<std::byte*>(weights.panels) + static_cast<size_t>(unit.panel) * panel_bytes(weights.form, weights.k);
    const int32_t bad = pack_rows(panel, weights, unit.source->rows.data() + first, std::min(kGemmColumns, weights.n - first), scratch[static_cast<size_t>(thread)]);
    if (bad < 0) return;
    const size_t at = static_cast<size_t>(index) * kGemmColumns + static_cast<size_t>(bad);
    size_t seen = first_bad.load();
    while (at < seen && !first_bad.compare_exchange_weak(seen, at)) {
    }
  });
  if (first_bad.load() == SIZE_MAX) return;
  const Unit& unit = units[first_bad.load() / kGemmColumns];
  reader.refuse_row(unit.source->rows[static_cast<size_t>(unit.panel) * kGemmColumns + first_bad.load() % kGemmColumns]);
}

}  // namespace slackwater
