// The model of an iteration's time: finds the costs behind what was measured, whatever noise and outliers lie over it.
#include "step_time.h"

#include <cmath>
#include <cstdio>

#include "expect.h"
#include "toy_backend.h"

using namespace slackwater;

namespace {

struct Costs {
  double base, row, pair, logits;
  double ms(const StepLoad& load) const { return base + row * load.rows + pair * load.pairs + logits * load.logits; }
};

struct Draw {
  uint64_t state;
  double operator()() { return static_cast<double>((state = ToyBackend::mix(state, 3)) >> 11) * 0x1.0p-53; }
};

/// Decode iterations, and now and then one with a prefill chunk.
StepLoad any_load(Draw& draw) {
  const auto decodes = static_cast<int32_t>(1 + draw() * 32), depth = static_cast<int32_t>(draw() * 4000);
  StepLoad load{static_cast<double>(decodes), decodes * attended_pairs(depth, 1), static_cast<double>(decodes)};
  if (draw() < 0.3) {
    const auto rows = static_cast<int32_t>(64 + draw() * 450);
    load += {static_cast<double>(rows), attended_pairs(static_cast<int32_t>(draw() * 4000), rows), 1};
  }
  return load;
}

double worst_error(const StepTimeModel& model, const Costs& costs, uint64_t seed) {
  Draw draw{seed};
  double worst = 0;
  for (int i = 0; i < 200; ++i) {
    const StepLoad load = any_load(draw);
    worst = std::max(worst, std::abs(model.predict_ms(load) / costs.ms(load) - 1));
  }
  return worst;
}

const Costs kSome = {3, 0.11, 2e-5, 0.05};

void exact_times_are_found_exactly() {
  StepTimeModel model;
  Draw draw{1};
  EXPECT(!model.is_ready());
  for (int i = 0; i < 300; ++i) {
    const StepLoad load = any_load(draw);
    model.add(load, kSome.ms(load));
  }
  EXPECT(model.is_ready());
  EXPECT(worst_error(model, kSome, 2) < 0.01);
}

void noise_and_outliers_change_little() {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    StepTimeModel model;
    Draw draw{seed};
    for (int i = 0; i < 400; ++i) {
      const StepLoad load = any_load(draw);
      model.add(load, kSome.ms(load) * (0.97 + 0.06 * draw()) * (draw() < 0.05 ? 10 : 1));
    }
    EXPECT(worst_error(model, kSome, 99) < 0.2);
  }
}

void a_machine_twice_as_slow_is_noticed() {
  StepTimeModel model;
  Draw draw{1};
  const Costs slow = {2 * kSome.base, 2 * kSome.row, 2 * kSome.pair, 2 * kSome.logits};
  for (int i = 0; i < 800; ++i) {
    const StepLoad load = any_load(draw);
    model.add(load, (i < 200 ? kSome : slow).ms(load));
  }
  EXPECT(worst_error(model, slow, 2) < 0.1);
}

void long_decoding_forgets_no_prefill() {
  StepTimeModel model;
  Draw draw{1};
  for (int i = 0; i < 100; ++i) {
    const StepLoad load = any_load(draw);
    model.add(load, kSome.ms(load));
  }
  for (int i = 0; i < 5000; ++i) model.add({4, 4 * attended_pairs(i, 1), 4}, kSome.ms({4, 4 * attended_pairs(i, 1), 4}));
  const StepLoad chunk{512, attended_pairs(1000, 512), 1};
  EXPECT(std::abs(model.predict_ms(chunk) / kSome.ms(chunk) - 1) < 0.1);
}

void rows_within_fill_the_time_and_no_more() {
  StepTimeModel model;
  Draw draw{1};
  for (int i = 0; i < 300; ++i) {
    const StepLoad load = any_load(draw);
    model.add(load, kSome.ms(load));
  }
  for (const double ms : {0.0, 5.0, 40.0, 100.0}) {
    const int32_t rows = model.rows_within(ms, 1000, 2000);
    const auto extra = [&](int32_t count) { return kSome.row * count + kSome.pair * attended_pairs(1000, count); };
    EXPECT(extra(rows) <= ms * 1.02 + 0.01 && extra(rows + 4) >= ms * 0.98);
  }
  EXPECT_EQ(model.rows_within(1e9, 0, 300), 300);
  EXPECT_EQ(model.rows_within(-5, 0, 300), 0);
}

void times_that_are_none_are_left_out() {
  StepTimeModel model;
  for (int i = 0; i < 50; ++i) model.add({1, 1, 1}, i % 2 == 0 ? 0 : -1);
  EXPECT(!model.is_ready());
}

}  // namespace

int main() {
  exact_times_are_found_exactly();
  noise_and_outliers_change_little();
  a_machine_twice_as_slow_is_noticed();
  long_decoding_forgets_no_prefill();
  rows_within_fill_the_time_and_no_more();
  times_that_are_none_are_left_out();
  std::puts("step time: ok");
}
