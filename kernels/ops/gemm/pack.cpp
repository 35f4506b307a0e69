#include "pack.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../../lib/quant_block.h"
#include "../../lib/super_block.h"

namespace slackwater {
namespace {

/// 32 weights d q + m, as a file has them.
struct NumberGroup {
  uint8_t q[kGroupInputs];
  float d, m;
};

void read_fours(const std::byte* low, NumberGroup& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = static_cast<uint8_t>(byte_at(low + i) & 15);
    out.q[i + 16] = static_cast<uint8_t>(byte_at(low + i) >> 4);
  }
}

// Each reads group `g` of a row, see quant_block.h and super_block.h.
void read_q4_0(const std::byte* row, int32_t g, NumberGroup& out) {
  const std::byte* block = row + g * 18;
  read_fours(block + 2, out);
  out.d = read_half(block);
  out.m = -8.0f * out.d;
}

void read_q4_1(const std::byte* row, int32_t g, NumberGroup& out) {
  const std::byte* block = row + g * 20;
  read_fours(block + 4, out);
  out.d = read_half(block);
  out.m = read_half(block + 2);
}

void read_q5_0(const std::byte* row, int32_t g, NumberGroup& out) {
  const std::byte* block = row + g * 22;
  int q[kGroupInputs];
  read_fives(block + 2, q);
  for (int i = 0; i < kGroupInputs; ++i) out.q[i] = static_cast<uint8_t>(q[i]);
  out.d = read_half(block);
  out.m = -16.0f * out.d;
}

void read_q5_1(const std::byte* row, int32_t g, NumberGroup& out) {
  const std::byte* block = row + g * 24;
  int q[kGroupInputs];
  read_fives(block + 4, q);
  for (int i = 0; i < kGroupInputs; ++i) out.q[i] = static_cast<uint8_t>(q[i]);
  out.d = read_half(block);
  out.m = read_half(block + 2);
}

void read_q8_0(const std::byte* row, int32_t g, NumberGroup& out) {
  const std::byte* block = row + g * 34;
  for (int i = 0; i < kGroupInputs; ++i) out.q[i] = static_cast<uint8_t>(byte_at(block + 2 + i) ^ 128);
  out.d = read_half(block);
  out.m = -128.0f * out.d;
}

void read_q4_k(const std::byte* row, int32_t g, NumberGroup& out) {
  const std::byte* block = row + g / 8 * 144;
  const int group = g % 8;
  int s, n;
  read_group(block + 4, group, s, n);
  out.d = read_half(block) * static_cast<float>(s);
  out.m = -(read_half(block + 2) * static_cast<float>(n));
  for (int i = 0; i < kGroupInputs; ++i) out.q[i] = static_cast<uint8_t>(byte_at(block + 16 + group / 2 * 32 + i) >> group % 2 * 4 & 15);
}

struct Grouped {
  TensorFormat format;
  WeightForm form;
  void (*read)(const std::byte* row, int32_t g, NumberGroup& out);
};

constexpr Grouped kGrouped[] = {
    {TensorFormat::kQ4_0, WeightForm::kFours, read_q4_0},  {TensorFormat::kQ4_1, WeightForm::kFours, read_q4_1},
    {TensorFormat::kQ4_K, WeightForm::kFours, read_q4_k},  {TensorFormat::kQ5_0, WeightForm::kEights, read_q5_0},
    {TensorFormat::kQ5_1, WeightForm::kEights, read_q5_1}, {TensorFormat::kQ8_0, WeightForm::kEights, read_q8_0},
};

const Grouped* find_grouped(TensorFormat format) {
  for (const Grouped& grouped : kGrouped) {
    if (grouped.format == format) return &grouped;
  }
  return nullptr;
}

/// Into the lines of a group, for output c.
void put_numbers(std::byte* lines, WeightForm form, const NumberGroup& group, int32_t c) {
  std::byte* out = lines + c * 4;
  for (int i = 0; i < kGroupInputs && form == WeightForm::kEights; ++i) out[i / 4 * 64 + i % 4] = static_cast<std::byte>(group.q[i]);
  for (int i = 0; i < kGroupInputs && form != WeightForm::kEights; i += 8) {
    for (int t = 0; t < 4; ++t) out[i / 8 * 64 + t] = static_cast<std::byte>(group.q[i + t] | group.q[i + 4 + t] << 4);
  }
}

/// kEights: false when d or m is not finite or beyond binary16.
bool put_halves(std::byte* scales, const NumberGroup& group, int32_t c) {
  if (!(std::fabs(group.d) <= kHalfMax && std::fabs(group.m) <= kHalfMax)) return false;
  const half d = half_from_float(group.d), m = half_from_float(group.m);
  std::memcpy(scales + c * 2, &d, 2);
  std::memcpy(scales + 32 + c * 2, &m, 2);
  return true;
}

/// kFours: d and m in steps of the output's scale. m is rounded such that the middle of the range, not its end, is nearest.
void put_steps(std::byte* scales, const NumberGroup& group, float inverse, int32_t c) {
  const auto d = static_cast<int16_t>(std::lrint(group.d * inverse)), m = static_cast<int16_t>(std::lrint((group.m + 8 * group.d) * inverse) - 8 * d);
  std::memcpy(scales + c * 2, &d, 2);
  std::memcpy(scales + 32 + c * 2, &m, 2);
}

struct Steps {
  float scale, inverse;
};

/// Whole numbers for an output's weights whose largest magnitude and sum of squares these are. Rounding to whole numbers adds at
/// most 91 to the norm of kGemmInputsMax; `error` is what each of the k numbers may be off beside it.
Steps word_steps(float largest, double squares, int32_t k, float error) {
  if (largest < 1e-30f) return {0.0f, 0.0f};  // Their reciprocal would be infinite.
  const double norm = std::sqrt(squares) / largest;
  const auto steps = static_cast<float>(std::min(32512.0 - error, (kWeightNorm - 100 - error * std::sqrt(k)) / norm));
  return {largest / steps, steps / largest};
}

/// False when a scale or minimum of the row is not finite.
bool find_steps(const Grouped& grouped, const std::byte* row, int32_t k, Steps& out) {
  float largest = 0;
  double squares = 0;
  for (int32_t g = 0; g < k / kGroupInputs; ++g) {
    NumberGroup group;
    grouped.read(row, g, group);
    const float last = group.d * 15 + group.m;
    if (!std::isfinite(group.d) || !std::isfinite(group.m) || !std::isfinite(last)) return false;
    // Both ends of the range: d and m are to fit 16 bits, whichever numbers occur.
    largest = std::max({largest, std::fabs(group.m), std::fabs(last)});
    for (const uint8_t q : group.q) squares += static_cast<double>(group.d * q + group.m) * static_cast<double>(group.d * q + group.m);
  }
  out = word_steps(largest, squares, k, 5);
  return true;
}

/// One output of a panel of kFours; nullptr: zeros.
bool put_fours(std::byte* panel, const Grouped* grouped, const std::byte* row, int32_t c, int32_t k) {
  Steps steps{0, 0};
  const bool is_good = grouped == nullptr || find_steps(*grouped, row, k, steps);
  std::memcpy(panel + c * 4, &steps.scale, sizeof steps.scale);
  std::byte* at = panel + panel_head(WeightForm::kFours);
  for (int32_t g = 0; g < k / kGroupInputs; ++g, at += group_bytes(WeightForm::kFours)) {
    NumberGroup group{};
    if (grouped != nullptr && is_good) grouped->read(row, g, group);
    put_numbers(at, WeightForm::kFours, group, c);
    put_steps(at + group_numbers(WeightForm::kFours), group, steps.inverse, c);
  }
  return is_good;
}

/// The same of kEights.
bool put_eights(std::byte* panel, const Grouped* grouped, const std::byte* row, int32_t c, int32_t k) {
  bool is_good = true;
  std::byte* at = panel;
  for (int32_t g = 0; g < k / kGroupInputs; ++g, at += group_bytes(WeightForm::kEights)) {
    NumberGroup group{};
    if (grouped != nullptr) grouped->read(row, g, group);
    put_numbers(at, WeightForm::kEights, group, c);
    is_good = put_halves(at + group_numbers(WeightForm::kEights), group, c) && is_good;
  }
  return is_good;
}

/// The numbers of one output as fp32 rows give them.
void round_row(const float* row, int32_t k, float inverse, int16_t* q) {
  for (int32_t i = 0; i < k; ++i) {
    const float shifted = row[i] * inverse + 12582912.0f;  // 1.5 * 2^23: rounds to an integer, ties to even.
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    q[i] = static_cast<int16_t>(bits - 0x4b400000);
  }
}

Steps find_steps(const float* row, int32_t k, WeightForm form) {
  float largest = 0;
  double squares[8] = {};  // several, so that the compiler may add them side by side
  for (int32_t i = 0; i < k; ++i) largest = std::fabs(row[i]) > largest ? std::fabs(row[i]) : largest;
  if (form == WeightForm::kBytes) return largest < 1e-30f ? Steps{0, 0} : Steps{largest / 127.0f, 127.0f / largest};
  for (int32_t i = 0; i < k; ++i) squares[i % 8] += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  double sum = 0;
  for (const double square : squares) sum += square;
  return word_steps(largest, sum, k, 0);
}

/// 16 outputs' numbers [16, padded] as a panel's lines.
void put_words(std::byte* out, const int16_t* numbers, int32_t padded) {
  for (int32_t i = 0; i < padded; ++i) {
    for (int32_t c = 0; c < kGemmColumns; ++c) {
      std::memcpy(out + word_place(i) / 2 * 64 + (c * 2 + word_place(i) % 2) * 2, numbers + static_cast<size_t>(c) * static_cast<size_t>(padded) + i, 2);
    }
  }
}

/// The same in 1 or 2 planes of bytes.
void put_planes(std::byte* out, const int16_t* numbers, int32_t padded, int32_t planes) {
  for (int32_t tile = 0; tile < padded; tile += 64, out += 1024 * (planes - 1)) {
    for (int32_t line = tile; line < tile + 64; line += 4, out += 64) {
      for (int32_t c = 0; c < kGemmColumns; ++c) {
        const int16_t* q = numbers + static_cast<size_t>(c) * static_cast<size_t>(padded) + line;
        for (int t = 0; t < 4; ++t) {
          const int32_t hi = planes == 2 ? (q[t] + 128) >> 8 : q[t];
          out[c * 4 + t] = static_cast<std::byte>(hi + 128);
          if (planes == 2) out[1024 + c * 4 + t] = static_cast<std::byte>(q[t] - hi * 256 + 128);
        }
      }
    }
  }
}

}  // namespace

void pack_panel(std::byte* panel, WeightForm form, const float* rows, int32_t count, int32_t k, int16_t* scratch) {
  const int32_t padded = padded_inputs(k);
  std::memset(scratch, 0, static_cast<size_t>(kGemmColumns) * static_cast<size_t>(padded) * sizeof(int16_t));
  for (int32_t c = 0; c < kGemmColumns; ++c) {
    const float* row = rows + static_cast<size_t>(c) * static_cast<size_t>(k);
    const Steps steps = c < count ? find_steps(row, k, form) : Steps{0, 0};
    std::memcpy(panel + c * 4, &steps.scale, sizeof steps.scale);
    if (steps.scale != 0) round_row(row, k, steps.inverse, scratch + static_cast<size_t>(c) * static_cast<size_t>(padded));
  }
  if (form == WeightForm::kWords) put_words(panel + panel_head(form), scratch, padded);
  else put_planes(panel + panel_head(form), scratch, padded, form == WeightForm::kPlanes ? 2 : 1);
}

bool find_grouped_form(TensorFormat format, WeightForm& form) {
  const Grouped* grouped = find_grouped(format);
  if (grouped != nullptr) form = grouped->form;
  return grouped != nullptr;
}

int32_t pack_grouped_panel(std::byte* panel, WeightForm form, const StoredRow* rows, int32_t count, int32_t k) {
  const auto put = form == WeightForm::kFours ? put_fours : put_eights;
  int32_t bad = -1;
  for (int32_t c = 0; c < kGemmColumns; ++c) {
    const bool is_good = put(panel, c < count ? find_grouped(rows[c].format) : nullptr, c < count ? rows[c].data : nullptr, c, k);
    if (!is_good && bad < 0) bad = c;
  }
  return bad;
}

}  // namespace slackwater
