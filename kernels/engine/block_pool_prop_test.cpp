// Random operations on the block pool against a naive model, every byte and every event checked.
// `block_pool_prop_test SEED` replays one seed.
#include <cstdlib>

#include "block_pool_rig.h"

using namespace slackwater;

namespace {

/// "l7": the names of lanes here.
template <typename Number>
std::string name_of(const char* prefix, Number number) {
  return std::string(prefix).append(std::to_string(number));
}

/// Longest prefix of `prompt` (short of its last token) that a pool without pressure should know.
int32_t naive_known(const std::vector<int32_t>& prompt, const std::set<std::vector<int32_t>>& named, const std::map<std::string, std::vector<int32_t>>& lanes) {
  size_t best = 0;
  const auto consider = [&](const std::vector<int32_t>& known) {
    size_t same = 0;
    while (same < prompt.size() - 1 && same < known.size() && prompt[same] == known[same]) ++same;
    best = std::max(best, same);
  };
  for (const auto& known : named) consider(known);
  for (const auto& [id, known] : lanes) consider(known);
  return static_cast<int32_t>(best);
}

void finds_the_longest_known_prefix(uint64_t seed) {
  uint64_t state = seed;
  const auto draw = [&](uint64_t below) { return (state = ToyBackend::mix(state, 11)) % below; };
  Bench bench(2000, 2000);
  std::map<std::string, std::vector<int32_t>> lanes;
  std::set<std::vector<int32_t>> named;
  for (int i = 0; i < 60; ++i) {
    const std::string lane = name_of("l", draw(5));
    auto tokens = lanes[name_of("l", draw(5))];
    tokens.resize(draw(tokens.size() + 1));
    const auto more = make_tokens(1 + static_cast<int32_t>(draw(120)), draw(2));
    tokens.insert(tokens.end(), more.begin(), more.end());
    if (draw(4) == 0) bench.pool.demote(name_of("l", draw(5)), 0);
    if (draw(4) == 0) bench.settle();
    const int32_t expected = naive_known(tokens, named, lanes);
    const Sequence after = bench.run(lane, tokens);
    EXPECT_EQ(after.hit + after.recalled, expected);
    lanes[lane] = tokens;
    for (size_t end = kBlockTokens; end <= tokens.size(); end += kBlockTokens) named.insert({tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(end)});
  }
}

void survives_random_operations(uint64_t seed) {
  uint64_t state = seed;
  const auto draw = [&](uint64_t below) { return (state = ToyBackend::mix(state, 13)) % below; };
  const auto any_lane = [&] { return name_of("l", draw(6)); };
  Bench bench(4 + static_cast<int32_t>(draw(12)), static_cast<int32_t>(draw(14)), 5);
  std::vector<std::unique_ptr<Bench::Use>> uses;
  std::map<std::string, std::vector<int32_t>> history;
  std::map<std::string, size_t> pinned;  // lane to the length of its chain: none of it may go
  for (int i = 0; i < 400; ++i) {
    const std::string lane = any_lane();
    switch (draw(13)) {
      case 0: case 1: {
        auto tokens = history[lane];
        tokens.resize(draw(tokens.size() + 1));
        const auto more = make_tokens(1 + static_cast<int32_t>(draw(150)), draw(3));
        tokens.insert(tokens.end(), more.begin(), more.end());
        if (tokens.size() > 400) tokens.resize(70);
        for (auto at = pinned.begin(); at != pinned.end();) at = bench.pool.find_lane(lane) == nullptr ? pinned.erase(at) : std::next(at);  // a new lane may push out a pinned one
        auto use = bench.admit(lane, tokens, static_cast<int32_t>(tokens.size() + draw(100)));
        if (use == nullptr) break;
        history[lane] = tokens;
        uses.push_back(std::move(use));
        break;
      }
      case 2: case 3: case 4: {
        if (uses.empty()) break;
        Bench::Use& use = *uses[draw(uses.size())];
        if (bench.begun.empty()) bench.make_resident(use);
        if (bench.pool.pump_resident(use.sequence)) bench.compute(use, 1 + static_cast<int32_t>(draw(100)));
        break;
      }
      case 5: {
        if (uses.empty()) break;
        const auto at = static_cast<std::ptrdiff_t>(draw(uses.size()));
        const LanePtr used = uses[static_cast<size_t>(at)]->sequence.lane;
        bench.release(*uses[static_cast<size_t>(at)]);
        uses.erase(uses.begin() + at);
        if (pinned.contains(used->id)) pinned[used->id] = used->chain.size();
        break;
      }
      case 6: bench.pool.demote(lane, 0); break;
      case 7: bench.pool.recall(lane, 0); break;
      case 8: {
        if (bench.pool.find_lane(lane) == nullptr || !uses.empty()) break;  // a pin under running sequences may have to yield to them
        bench.pool.pin(lane, draw(2) == 0 ? Tier::kHbm : Tier::kDram);
        pinned[lane] = bench.pool.find_lane(lane)->chain.size();
        break;
      }
      case 9: bench.pool.pin(lane, std::nullopt); pinned.erase(lane); break;
      case 10: if (bench.pool.find_lane(lane) != nullptr) bench.pool.retain(lane, static_cast<double>(draw(4))); break;
      case 11: if (draw(3) == 0) { bench.pool.drop(lane); pinned.erase(lane); } break;
      case 12: {
        if (draw(2) == 0 && bench.begun.empty()) {
          if (CopyJobPtr job = bench.copier.begin()) bench.begun.push_back(job);
        } else {
          bench.finish_begun();
        }
        if (draw(2) == 0) bench.pool.pump_moves(0);
        break;
      }
    }
    bench.check();
    for (const auto& [id, length] : pinned) {
      if (bench.pool.find_lane(id) != nullptr) EXPECT_EQ(bench.pool.find_lane(id)->chain.size(), length);
    }
  }
  bench.finish_begun();
  for (auto& use : uses) bench.release(*use);
  for (int i = 0; i < 6; ++i) bench.pool.drop(name_of("l", i));
  bench.settle();
}

}  // namespace

int main(int count, char** arguments) {
  const uint64_t only = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
  for (uint64_t seed = only > 0 ? only : 1; seed <= (only > 0 ? only : 60); ++seed) {
    std::fprintf(stderr, "block pool: seed %llu\n", static_cast<unsigned long long>(seed));
    finds_the_longest_known_prefix(seed);
    survives_random_operations(seed);
  }
  std::puts("block pool, random: ok");
}
