// Sampling: cuts, chances, noise by position, log-softmax, stop strings across tokens.
#include "sampler.h"

#include <cmath>
#include <limits>
#include <map>

#include "expect.h"

using namespace slackwater;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Chances 0.5, 0.25, 0.125, ... at temperature 1, in mixed order.
std::vector<float> halves() {
  std::vector<float> logits(200);
  for (size_t i = 0; i < logits.size(); ++i) logits[(i * 37) % logits.size()] = static_cast<float>(-std::log(2.0) * static_cast<double>(i));
  return logits;
}

std::map<int32_t, int> draw(const std::vector<float>& logits, SamplingOptions options, int count) {
  std::map<int32_t, int> drawn;
  for (int position = 0; position < count; ++position) ++drawn[sample(logits, options, position)];
  return drawn;
}

void greedy_takes_the_first_of_the_largest() {
  EXPECT_EQ(sample(std::vector<float>{1, 3, 3, 2}, {}, 0), 1);
  EXPECT_EQ(sample(std::vector<float>{-kInfinity, std::nanf(""), -5}, {}, 0), 2);
  EXPECT_EQ(sample(std::vector<float>{std::nanf(""), kInfinity}, {}, 0), -1);
}

void chances_follow_the_softmax() {
  auto drawn = draw(halves(), {.temperature = 1, .seed = 3}, 20000);
  EXPECT(std::abs(drawn[0] - 10000) < 400);
  EXPECT(std::abs(drawn[37] - 5000) < 350);
  EXPECT(std::abs(drawn[74] - 2500) < 300);
  auto hot = draw(halves(), {.temperature = 2, .seed = 3}, 20000);  // chances fall by 2^-0.5 each
  EXPECT(std::abs(hot[0] - 20000 * (1 - std::sqrt(0.5))) < 400);
}

void cuts_keep_the_likeliest() {
  auto top_k = draw(halves(), {.temperature = 1, .top_k = 2, .seed = 4}, 3000);
  EXPECT(top_k.size() == 2 && std::abs(top_k[0] - 2000) < 150);
  auto top_p = draw(halves(), {.temperature = 1, .top_p = 0.8, .seed = 4}, 3000);
  EXPECT(top_p.size() == 3 && top_p.contains(0) && top_p.contains(37) && top_p.contains(74));
  EXPECT_EQ(draw(halves(), {.temperature = 1, .top_p = 0, .seed = 4}, 100).size(), 1u);
  EXPECT_EQ(draw(std::vector<float>(500, 0.f), {.temperature = 1, .top_p = 0.5, .seed = 5}, 20000).size(), 250u);  // past the first sorted 64
}

void noise_is_a_function_of_seed_and_position() {
  EXPECT_EQ(sampling_noise(1, 5), sampling_noise(1, 5));
  EXPECT(sampling_noise(1, 5) != sampling_noise(1, 6) && sampling_noise(1, 5) != sampling_noise(2, 5));
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double noise = sampling_noise(99, i);
    EXPECT(noise >= 0 && noise < 1);
    sum += noise;
  }
  EXPECT(std::abs(sum / 10000 - 0.5) < 0.02);
}

void logprobs_are_a_log_softmax_likeliest_first() {
  const auto ranked = logprobs(std::vector<float>{1, 2, 4, 3}, 0, 2);
  const double log_sum = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0) + std::exp(4.0));
  EXPECT_EQ(ranked.size(), 3u);
  EXPECT(ranked[0].token == 0 && std::abs(ranked[0].logprob - (1 - log_sum)) < 1e-12);
  EXPECT(ranked[1].token == 2 && ranked[2].token == 3);
  EXPECT_EQ(logprobs(std::vector<float>{1, 2}, 1, 20).size(), 3u);
}

void stop_string_is_found_across_tokens() {
  StopMatcher stops({"end.", "\n\n"});
  EXPECT(!stops.append("the e") && !stops.append("n") && !stops.append("d") && stops.append(". More"));
  StopMatcher lines({"\n\n"});
  EXPECT(!lines.append("a\n") && !lines.append("b\n") && lines.append("\n"));
  StopMatcher none({""});
  EXPECT(!none.append("anything"));
}

}  // namespace

int main() {
  greedy_takes_the_first_of_the_largest();
  chances_follow_the_softmax();
  cuts_keep_the_likeliest();
  noise_is_a_function_of_seed_and_position();
  logprobs_are_a_log_softmax_likeliest_first();
  stop_string_is_found_across_tokens();
  std::puts("sampler: ok");
}
