// Random work under memory pressure gives the tokens of a cold engine. `loop_prop_test SEED` replays one seed.
#include "loop_rig.h"

using namespace slackwater;

namespace {

void random_work_under_pressure_gives_the_tokens_of_a_cold_engine(uint64_t seed) {
  std::fprintf(stderr, "loop: seed %llu\n", static_cast<unsigned long long>(seed));
  uint64_t state = seed;
  const auto draw = [&](uint64_t below) { return (state = ToyBackend::mix(state, 7)) % below; };
  Rig rig({.hbm_blocks = 14, .dram_blocks = static_cast<int32_t>(draw(20)), .running_max = 4, .iteration_tokens_max = 40, .lanes_max = 6});
  std::map<std::string, std::vector<int32_t>> lanes;
  std::map<int64_t, RunRequest> asked;
  for (int64_t run = 0; run < 60; ++run) {
    const std::string lane = name_of("l", draw(8));
    auto tokens = lanes[lane];
    if (tokens.empty() || tokens.size() > 500 || draw(8) == 0) tokens = make_tokens(static_cast<int32_t>(64 * draw(3) + draw(30)) + 1, draw(2));
    tokens = joined(tokens, make_tokens(static_cast<int32_t>(draw(60)), draw(3)));
    RunRequest request = Rig::request(run, lane, tokens, 1 + static_cast<int32_t>(draw(60)));
    request.priority = static_cast<double>(draw(3));
    asked.emplace(run, request);
    rig.submit(std::move(request));
    if (draw(3) == 0) rig.loop->demote(name_of("l", draw(8)));
    if (draw(4) == 0) rig.loop->recall(name_of("l", draw(8)));
    if (draw(6) == 0) rig.loop->pin(name_of("l", draw(8)), draw(2) == 0 ? Tier::kHbm : Tier::kDram);
    if (draw(4) == 0) rig.loop->pin(name_of("l", draw(8)), std::nullopt);
    if (draw(4) == 0) rig.loop->retain(name_of("l", draw(8)), static_cast<double>(draw(4)));
    if (draw(9) == 0) rig.loop->drop(name_of("l", draw(8)));
    if (draw(7) == 0) rig.loop->cancel(static_cast<int64_t>(draw(static_cast<uint64_t>(run) + 1)));
    if (draw(2) == 0) lanes[lane] = joined(tokens, rig.wait(run).tokens);
    else lanes[lane] = tokens;
  }
  Rig cold({.hbm_blocks = 64, .dram_blocks = 0, .running_max = 1, .iteration_tokens_max = 512});
  for (auto& [run, request] : asked) {
    const Outcome& out = rig.wait(run);
    EXPECT_EQ(out.ended[0].message, "");
    request.salt[1] = static_cast<uint8_t>(run + 1);  // its own salt: nothing is shared
    const auto& reference = cold.generate(request).tokens;
    EXPECT(out.tokens.size() <= reference.size() && std::equal(out.tokens.begin(), out.tokens.end(), reference.begin()));
    EXPECT(out.ended[0].finish == Finish::kCancelled || out.tokens.size() == reference.size());
    if (out.ended[0].finish == Finish::kLength) EXPECT_EQ(out.ended[0].hit + out.ended[0].recalled + out.ended[0].computed, static_cast<int32_t>(request.tokens.size()));
  }
}

}  // namespace

int main(int count, char** arguments) {
  const uint64_t only = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
  for (uint64_t seed = only > 0 ? only : 1; seed <= (only > 0 ? only : 30); ++seed) random_work_under_pressure_gives_the_tokens_of_a_cold_engine(seed);
  std::puts("loop, random: ok");
}
