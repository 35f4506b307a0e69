#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace slackwater {

/// What an iteration's time is taken to depend on.
struct StepLoad {
  double rows = 0;
  double pairs = 0;   // (row, earlier position or itself) that attention looks at
  double logits = 0;  // rows that sample

  StepLoad& operator+=(const StepLoad& other) {
    rows += other.rows;
    pairs += other.pairs;
    logits += other.logits;
    return *this;
  }
};

/// Pairs of `rows` new tokens behind `start` earlier ones.
inline double attended_pairs(int32_t start, int32_t rows) { return static_cast<double>(rows) * start + 0.5 * rows * (rows + 1.0); }

/// Predicts an iteration's time: base + per row + per pair + per logits row, none of them negative, fitted to what was measured.
///
/// Keeps the last kKept iterations of each size class (powers of two of rows), so that a thousand decode iterations do not make
/// it forget what a prefill chunk costs. Errors count relative to the time, and outliers little (Huber's weights): a machine
/// that was busy elsewhere for one iteration changes nothing. Allocates nothing.
class StepTimeModel {
 public:
  void add(const StepLoad& load, double ms);
  /// True once there is enough to predict from.
  bool is_ready() const { return added_ >= kReady; }
  double predict_ms(const StepLoad& load) const;
  /// What `load` adds to an iteration that happens anyway.
  double extra_ms(const StepLoad& load) const { return predict_ms(load) - base_ms(); }
  double base_ms() const { return weights_[0]; }
  /// The most rows of a chunk behind `start` tokens that add no more than `ms`; at most `most`.
  int32_t rows_within(double ms, int32_t start, int32_t most) const;

 private:
  static constexpr size_t kClasses = 17, kKept = 12, kTerms = 4;
  static constexpr uint64_t kReady = 6;
  struct Sample {
    std::array<double, kTerms> terms;
    double ms = 0;
  };
  struct Class {
    std::array<Sample, kKept> samples;
    size_t count = 0, next = 0;
  };
  void fit();
  std::array<double, kTerms> solve(const std::array<double, kTerms>& guess, bool is_first) const;

  std::array<Class, kClasses> classes_{};
  std::array<double, kTerms> weights_{};  // ms: base, per row, per pair, per logits row
  uint64_t added_ = 0;
};

}  // namespace slackwater
