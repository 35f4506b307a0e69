#include "sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace slackwater {
namespace {

uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// The first of the largest finite ones; -1: none. The largest value is found lane by lane, so that the compiler can use vectors:
// a vocabulary of 10^5 is looked at for each token.
int32_t find_largest(std::span<const float> logits) {
  constexpr size_t kLanes = 16;
  constexpr float kLargest = std::numeric_limits<float>::max();
  std::array<float, kLanes> lanes;
  lanes.fill(-std::numeric_limits<float>::infinity());
  const size_t whole = logits.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float value = logits[i + lane] <= kLargest ? logits[i + lane] : lanes[lane];
      lanes[lane] = value > lanes[lane] ? value : lanes[lane];
    }
  }
  float largest = *std::max_element(lanes.begin(), lanes.end());
  for (size_t i = whole; i < logits.size(); ++i) {
    if (logits[i] <= kLargest && logits[i] > largest) largest = logits[i];
  }
  if (!std::isfinite(largest)) return -1;
  return static_cast<int32_t>(std::find(logits.begin(), logits.end(), largest) - logits.begin());
}

bool is_likelier(const RankedLogprob& a, const RankedLogprob& b) {
  return a.logprob != b.logprob ? a.logprob > b.logprob : a.token < b.token;
}

void sort_first(std::vector<RankedLogprob>& candidates, size_t count) {
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(std::min(count, candidates.size())), candidates.end(), is_likelier);
}

/// Keeps the smallest set of likeliest tokens whose chances reach `wanted`, at least one; returns their sum.
/// A few tokens usually do, so that the whole vocabulary is not sorted until they did not.
double cut_to_top_p(std::vector<RankedLogprob>& candidates, double wanted) {
  for (size_t sorted = 64;; sorted *= 8) {
    sort_first(candidates, sorted);
    double reached = 0;
    for (size_t i = 0; i < std::min(sorted, candidates.size()); ++i) {
      reached += candidates[i].logprob;
      if (reached < wanted) continue;
      candidates.resize(i + 1);
      return reached;
    }
    if (sorted >= candidates.size()) return reached;
  }
}

}  // namespace

double sampling_noise(uint64_t seed, int32_t position) {
  return static_cast<double>(splitmix64(splitmix64(seed) ^ static_cast<uint64_t>(position)) >> 11) * 0x1.0p-53;
}

int32_t sample(std::span<const float> logits, const SamplingOptions& options, int32_t position, std::vector<RankedLogprob>& candidates) {
  const int32_t largest = find_largest(logits);
  if (largest < 0 || options.temperature <= 0 || options.top_k == 1) return largest;
  const double top = logits[static_cast<size_t>(largest)];

  // What is e^-40 below the best has no chance worth an exp(): with 10^5 of them, less than 10^-12.
  candidates.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    const double scaled = (logits[i] - top) / options.temperature;
    if (scaled > -40) candidates.push_back({static_cast<int32_t>(i), scaled});
  }
  if (options.top_k > 0 && static_cast<size_t>(options.top_k) < candidates.size()) {
    sort_first(candidates, static_cast<size_t>(options.top_k));
    candidates.resize(static_cast<size_t>(options.top_k));
  }
  double sum = 0;
  for (auto& candidate : candidates) sum += candidate.logprob = std::exp(candidate.logprob);
  if (options.top_p < 1) sum = cut_to_top_p(candidates, options.top_p * sum);
  double left = sampling_noise(options.seed, position) * sum;
  for (const auto& candidate : candidates) {
    left -= candidate.logprob;
    if (left < 0) return candidate.token;
  }
  return candidates.back().token;
}

std::vector<RankedLogprob> logprobs(std::span<const float> logits, int32_t token, int32_t count) {
  const int32_t largest = find_largest(logits);
  const double top = largest < 0 ? 0 : logits[static_cast<size_t>(largest)];
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - top);
  const double log_sum = top + std::log(sum);

  std::vector<RankedLogprob> ranked(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) ranked[i] = {static_cast<int32_t>(i), logits[i] - log_sum};
  const auto kept = std::min(static_cast<size_t>(std::max(count, 0)), ranked.size());
  std::vector<RankedLogprob> answer = {ranked[static_cast<size_t>(token)]};
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(kept), ranked.end(), is_likelier);
  answer.insert(answer.end(), ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(kept));
  return answer;
}

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase(stops_, "");
  for (const std::string& stop : stops_) longest_ = std::max(longest_, stop.size());
  if (longest_ > 0) recent_.reserve(longest_ + 64);  // a token's text is seldom longer
}

bool StopMatcher::append(const std::string& bytes) {
  if (stops_.empty()) return false;
  recent_ += bytes;
  for (const std::string& stop : stops_) {
    if (recent_.find(stop) != std::string::npos) return true;
  }
  if (recent_.size() >= longest_) recent_.erase(0, recent_.size() - (longest_ - 1));
  return false;
}

}  // namespace slackwater
