#include "pack.h"

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
    {TensorFormat::kQ4_K, WeightForm::kFoursWide, read_q4_k}, {TensorFormat::kQ5_0, WeightForm::kEights, read_q5_0},
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

/// False when d or m is not finite or beyond the form's numbers.
bool put_scales(std::byte* scales, WeightForm form, const NumberGroup& group, int32_t c) {
  if (!std::isfinite(group.d) || !std::isfinite(group.m)) return false;
  if (form == WeightForm::kFoursWide) {
    std::memcpy(scales + c * 4, &group.d, 4);
    std::memcpy(scales + 64 + c * 4, &group.m, 4);
    return true;
  }
  if (std::fabs(group.d) > kHalfMax || std::fabs(group.m) > kHalfMax) return false;
  const half d = half_from_float(group.d), m = half_from_float(group.m);
  std::memcpy(scales + c * 2, &d, 2);
  std::memcpy(scales + 32 + c * 2, &m, 2);
  return true;
}

}  // namespace

void pack_panel(std::byte* panel, WeightForm form, const float* rows, int32_t count, int32_t k, int16_t* scratch) {
  const bool is_words = form == WeightForm::kWords;
  const float steps = is_words ? 32512.0f : 127.0f;
  const int32_t padded = padded_inputs(k);
  for (int32_t c = 0; c < kGemmColumns; ++c) {
    const float* row = rows + static_cast<size_t>(c) * static_cast<size_t>(k);
    int16_t* q = scratch + static_cast<size_t>(c) * static_cast<size_t>(padded);
    std::memset(q, 0, static_cast<size_t>(padded) * sizeof(int16_t));
    float largest = 0;
    for (int32_t i = 0; i < k && c < count; ++i) largest = std::fabs(row[i]) > largest ? std::fabs(row[i]) : largest;
    const bool is_zero = largest < 1e-30f;  // Their reciprocal would be infinite.
    const float scale = is_zero ? 0.0f : largest / steps, inverse = is_zero ? 0.0f : steps / largest;
    std::memcpy(panel + c * 4, &scale, sizeof scale);
    for (int32_t i = 0; i < k && c < count; ++i) {
      const float shifted = row[i] * inverse + 12582912.0f;  // 1.5 * 2^23: rounds to an integer, ties to even.
      int32_t bits;
      std::memcpy(&bits, &shifted, sizeof bits);
      q[i] = static_cast<int16_t>(bits - 0x4b400000);
    }
  }
  std::byte* out = panel + 64;
  for (int32_t tile = 0; tile < padded; tile += 64) {
    for (int32_t line = tile; line < tile + 64; line += 4, out += 64) {
      for (int32_t c = 0; c < kGemmColumns; ++c) {
        const int16_t* q = scratch + static_cast<size_t>(c) * static_cast<size_t>(padded) + line;
        for (int t = 0; t < 4; ++t) {
          const int32_t hi = is_words ? (q[t] + 128) >> 8 : q[t];
          out[c * 4 + t] = static_cast<std::byte>(hi + 128);
          if (is_words) out[1024 + c * 4 + t] = static_cast<std::byte>(q[t] - hi * 256 + 128);
        }
      }
    }
    if (is_words) out += 1024;
  }
}

bool find_grouped_form(TensorFormat format, WeightForm& form) {
  const Grouped* grouped = find_grouped(format);
  if (grouped != nullptr) form = grouped->form;
  return grouped != nullptr;
}

int32_t pack_grouped_panel(std::byte* panel, WeightForm form, const StoredRow* rows, int32_t count, int32_t k) {
  int32_t bad = kGemmColumns;
  for (int32_t c = 0; c < kGemmColumns; ++c) {
    const Grouped* grouped = c < count ? find_grouped(rows[c].format) : nullptr;
    std::byte* at = panel;
    for (int32_t g = 0; g < k / kGroupInputs; ++g, at += group_bytes(form)) {
      NumberGroup group{};
      if (grouped != nullptr) grouped->read(rows[c].data, g, group);
      put_numbers(at, form, group, c);
      if (!put_scales(at + group_numbers(form), form, group, c) && c < bad) bad = c;
    }
  }
  return bad < kGemmColumns ? bad : -1;
}

}  // namespace slackwater
