#pragma once

// For the tests of tiles: layers and rows in sizes that hurt, and the comparison with gemm_packed_ref, bit for bit.

#include <cstring>
#include <vector>

#include "../op_test.h"
#include "pack.h"

namespace slackwater {

/// One layer of n outputs by k inputs, and rows for it.
struct TileCase {
  WeightForm form;
  int32_t rows, n, k;
  std::vector<std::byte> panels, activations;

  TileCase(TestRandom& random, WeightForm form, int32_t rows, int32_t n, int32_t k, float odd = 0) : form(form), rows(rows), n(n), k(k) {
    const auto width = static_cast<size_t>(k);
    panels.resize(static_cast<size_t>(gemm_panels(n)) * panel_bytes(form, k));
    std::vector<int16_t> scratch(kGemmColumns * static_cast<size_t>(padded_inputs(k)));
    const std::vector<float> weights = random_values(random, static_cast<size_t>(n) * width);
    for (int32_t p = 0; p < gemm_panels(n); ++p) {
      const int32_t first = p * kGemmColumns, count = n - first < kGemmColumns ? n - first : kGemmColumns;
      pack_panel(panels.data() + static_cast<size_t>(p) * panel_bytes(form, k), form, weights.data() + static_cast<size_t>(first) * width, count, k, scratch.data());
    }
    std::vector<float> x = random_values(random, static_cast<size_t>(rows) * width, 3);
    if (odd != 0) x[static_cast<size_t>(random.below(rows)) * width + static_cast<size_t>(random.below(k))] = odd;
    activations.resize(static_cast<size_t>(rows) * activation_stride(k));
    CHECK(quantize_ref({a(), x.data(), k, rows}) == Status::kOk, "rows");
  }
  ActivationRows a() { return {activations.data(), k, activations_of(form)}; }
};

/// `multiply` gives the bits of gemm_packed_ref for panels [begin, end) and writes nothing else.
template <class Multiply>
void check_tile_case(const Multiply& multiply, TileCase& c, int32_t begin, int32_t end, bool accumulate) {
  const int32_t out_stride = c.n + 3;
  const size_t size = static_cast<size_t>(c.rows) * static_cast<size_t>(out_stride);
  Guarded want(size, 0.25f), got(size, 0.25f);
  GemmArgs args{want.data(), out_stride, c.a(), {c.panels.data(), c.form, c.n, c.k}, c.rows, begin, end, accumulate};
  CHECK(gemm_packed_ref(args) == Status::kOk, "reference");
  args.out = got.data();
  CHECK(multiply(args) == Status::kOk, "tiles");
  got.check("tiles");
  // As bytes: a NaN is to be the same NaN.
  CHECK(std::memcmp(got.data(), want.data(), size * sizeof(float)) == 0, "%s, %d rows of %d by %d, panels %d to %d%s: bits differ", c.form == WeightForm::kPlanes ? "planes" : "bytes",
        c.rows, c.k, c.n, begin, end, accumulate ? ", added" : "");
}

/// Rows around one and two tiles and beyond the four squares whose sums are kept; one to several blocks of inputs.
template <class Multiply>
void check_tile_sizes(const Multiply& multiply, bool is_quick) {
  TestRandom random(19);
  int turn = 0;
  for (const WeightForm form : {WeightForm::kPlanes, WeightForm::kBytes}) {
    for (const int32_t k : {1, 63, 64, 65, 576, 1536}) {
      for (const int32_t n : {1, 15, 17, 31, 33, 96}) {
        for (const int32_t rows : {1, 15, 16, 17, 31, 33, 64, 65, 131}) {
          if ((k > 65 && n > 33) || (k > 576 && n > 17) || (is_quick && (k > 65 || n > 33 || rows > 65) && rows != 33)) continue;
          TileCase c(random, form, rows, n, k);
          check_tile_case(multiply, c, 0, gemm_panels(n), ++turn % 2 == 0);
          if (gemm_panels(n) < 2) continue;
          const int32_t begin = random.below(gemm_panels(n)), end = begin + random.below(gemm_panels(n) - begin + 1);
          check_tile_case(multiply, c, begin, end, turn % 3 == 0);
        }
      }
    }
    for (const float odd : {INFINITY, NAN}) {
      TileCase c(random, form, 33, 17, 65, odd);
      check_tile_case(multiply, c, 0, 2, false);
    }
  }
}

}  // namespace slackwater
