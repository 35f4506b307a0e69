#include "step_time.h"

#include <algorithm>
#include <cmath>

namespace slackwater {
namespace {

// Brings the terms to like sizes, so that the small ridge below means the same to each.
constexpr std::array<double, 4> kScale = {1, 1.0 / 64, 1.0 / 65536, 1.0 / 16};
constexpr double kRidge = 1e-6;
constexpr double kOutlier = 0.15;  // relative error from which a sample counts less
constexpr uint64_t kFitEvery = 8;

std::array<double, 4> terms_of(const StepLoad& load) {
  return {kScale[0], load.rows * kScale[1], load.pairs * kScale[2], load.logits * kScale[3]};
}

}  // namespace

void StepTimeModel::add(const StepLoad& load, double ms) {
  if (!(ms > 0) || !(load.rows >= 1)) return;
  Class& of = classes_[std::min<size_t>(kClasses - 1, static_cast<size_t>(std::log2(load.rows)))];
  of.samples[of.next] = {terms_of(load), ms};
  of.next = (of.next + 1) % kKept;
  of.count = std::min(of.count + 1, kKept);
  if (++added_ <= 2 * kReady || added_ % kFitEvery == 0) fit();
}

double StepTimeModel::predict_ms(const StepLoad& load) const {
  return weights_[0] + weights_[1] * load.rows + weights_[2] * load.pairs + weights_[3] * load.logits;
}

int32_t StepTimeModel::rows_within(double ms, int32_t start, int32_t most) const {
  int32_t least = 0;
  while (least < most) {
    const int32_t middle = least + (most - least + 1) / 2;
    if (extra_ms({static_cast<double>(middle), attended_pairs(start, middle), 0}) <= ms) least = middle;
    else most = middle - 1;
  }
  return least;
}

// Reweighted least squares: a few rounds are enough for outliers to lose their say.
void StepTimeModel::fit() {
  std::array<double, kTerms> scaled{};
  for (int round = 0; round < 4; ++round) scaled = solve(scaled, round == 0);
  for (size_t i = 0; i < kTerms; ++i) weights_[i] = scaled[i] * kScale[i];
}

std::array<double, 4> StepTimeModel::solve(const std::array<double, kTerms>& guess, bool is_first) const {
  std::array<std::array<double, kTerms>, kTerms> normal{};
  std::array<double, kTerms> right{};
  for (const Class& of : classes_) {
    for (size_t s = 0; s < of.count; ++s) {
      const Sample& sample = of.samples[s];
      double weight = 1 / (sample.ms * sample.ms);
      if (is_first) {
        // Without a guess yet: against the median of its class an outlier stands out before anything is fitted.
        double shorter = 0;
        for (size_t other = 0; other < of.count; ++other) shorter += of.samples[other].ms < 0.5 * sample.ms ? 1 : 0;
        if (2 * shorter > static_cast<double>(of.count)) weight *= 0.01;
      } else {
        double predicted = 0;
        for (size_t i = 0; i < kTerms; ++i) predicted += guess[i] * sample.terms[i];
        const double error = std::abs(sample.ms - predicted) / std::max(1e-9, std::min(sample.ms, std::max(predicted, 0.1 * sample.ms)));
        if (error > kOutlier) weight *= kOutlier * kOutlier / (error * error);
      }
      for (size_t i = 0; i < kTerms; ++i) {
        for (size_t j = 0; j < kTerms; ++j) normal[i][j] += weight * sample.terms[i] * sample.terms[j];
        right[i] += weight * sample.terms[i] * sample.ms;
      }
    }
  }

  // No term may be negative: the most negative one is left out, until none is.
  std::array<bool, kTerms> is_in = {true, true, true, true};
  std::array<double, kTerms> answer{};
  for (size_t tries = 0; tries < kTerms; ++tries) {
    auto m = normal;
    auto r = right;
    for (size_t i = 0; i < kTerms; ++i) {
      m[i][i] += kRidge * (normal[i][i] + 1e-12);
      if (is_in[i]) continue;
      for (size_t j = 0; j < kTerms; ++j) m[i][j] = m[j][i] = 0;
      m[i][i] = 1;
      r[i] = 0;
    }
    for (size_t i = 0; i < kTerms; ++i) {  // symmetric and positive: no pivoting is needed
      for (size_t j = i + 1; j < kTerms; ++j) {
        const double factor = m[j][i] / m[i][i];
        for (size_t k = i; k < kTerms; ++k) m[j][k] -= factor * m[i][k];
        r[j] -= factor * r[i];
      }
    }
    size_t worst = kTerms;
    for (size_t i = kTerms; i-- > 0;) {
      answer[i] = r[i];
      for (size_t j = i + 1; j < kTerms; ++j) answer[i] -= m[i][j] * answer[j];
      answer[i] /= m[i][i];
      if (answer[i] < 0 && (worst == kTerms || answer[i] * right[i] < answer[worst] * right[worst])) worst = i;
    }
    if (worst == kTerms) return answer;
    is_in[worst] = false;
  }
  for (double& value : answer) value = std::max(value, 0.0);
  return answer;
}

}  // namespace slackwater
