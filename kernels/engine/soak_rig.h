#pragma once

#include <mutex>

#include "loop_rig.h"

namespace slackwater {

/// A backend that several loops have in common: each alone in it, one after the other.
class SharedBackend final : public Backend {
 public:
  explicit SharedBackend(std::shared_ptr<Backend> shared, std::shared_ptr<std::mutex> mutex) : shared_(std::move(shared)), mutex_(std::move(mutex)) {}
  const ModelShape& shape() const override { return shared_->shape(); }
  size_t block_bytes() const override { return shared_->block_bytes(); }
  const char* numerics() const override { return shared_->numerics(); }
  Status run(const Batch& batch, std::byte* arena) override {
    std::lock_guard lock(*mutex_);
    return shared_->run(batch, arena);
  }

 private:
  std::shared_ptr<Backend> shared_;
  std::shared_ptr<std::mutex> mutex_;
};

/// What a soak does, and for how long.
struct SoakPlan {
  const char* name;
  double seconds;
  uint64_t seed;
  int32_t rounds_max, operations, prompt_max, generated_max, vocab;
  bool is_large = false;  // enough that somebody must have given way, and some guesses have come true
};

/// Random submit, fork, continue, cancel, change of priority, demote, recall, pin, retain and drop, in rounds. After each, every
/// run that ended is compared with the same prompt computed alone without guesses, and everything must be free or cached.
/// `make` makes a loop's backend. Ends the program on the first wrong token, with the seed of the round.
class Soak {
 public:
  using Make = std::function<std::unique_ptr<Backend>()>;
  Soak(const SoakPlan& plan, Make make) : plan_(plan), make_(std::move(make)) {}

  void run() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(plan_.seconds);
    uint64_t rounds = 0, runs = 0, tokens = 0, preempted = 0, drafted = 0, accepted = 0;
    for (uint64_t seed = plan_.seed; rounds == 0 || (std::chrono::steady_clock::now() < end && rounds < static_cast<uint64_t>(plan_.rounds_max)); ++seed, ++rounds) {
      std::fprintf(stderr, "%s: seed %llu\n", plan_.name, static_cast<unsigned long long>(seed));
      const LoopStats stats = round(seed, runs);
      tokens += stats.generated_tokens;
      preempted += stats.preempted;
      drafted += stats.drafted_tokens;
      accepted += stats.accepted_tokens;
      if (rounds == 2) bytes_ = resident_bytes();
      if (rounds > 2 && !kHoldsFreed) EXPECT(resident_bytes() < bytes_ + (size_t{96} << 20));
    }
    const auto shown = [](uint64_t number) { return static_cast<unsigned long long>(number); };
    std::printf("%s: %llu rounds, %llu runs, %llu tokens, %llu preempted, %llu of %llu guesses right\n", plan_.name, shown(rounds), shown(runs), shown(tokens), shown(preempted), shown(accepted), shown(drafted));
    if (plan_.is_large) EXPECT(preempted > 0 && drafted > 0 && accepted > 0);
  }

 private:
  LoopStats round(uint64_t seed, uint64_t& runs) {
    uint64_t state = seed;
    const auto draw = [&](uint64_t below) { return (state = ToyBackend::mix(state, 17)) % below; };
    const auto some = [&](uint64_t most) { return static_cast<int32_t>(draw(most)); };
    const auto any_lane = [&] { return name_of("l", draw(8)); };
    const auto any_tokens = [&](int32_t count) {
      std::vector<int32_t> tokens;
      const uint64_t story = draw(4);
      for (int32_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(ToyBackend::mix(story, static_cast<uint64_t>(i)) % static_cast<uint64_t>(plan_.vocab)));
      return tokens;
    };
    // Each run's worst case fits alone, several at once do not.
    const int32_t blocks = (plan_.prompt_max + plan_.generated_max) / kBlockTokens + 4 + some(12);
    Rig rig(make_(), {.hbm_blocks = blocks, .dram_blocks = some(24), .running_max = 1 + some(6), .iteration_tokens_max = 40 + some(400), .lanes_max = 6});
    std::map<std::string, std::vector<int32_t>> lanes;
    std::map<int64_t, RunRequest> asked;
    std::vector<int64_t> order;
    for (int64_t run = 0; static_cast<int32_t>(run) < plan_.operations; ++run) {
      const std::string lane = any_lane();
      auto tokens = lanes[draw(3) == 0 ? any_lane() : lane];  // a fork of another lane, or its own next step
      if (draw(3) == 0 && !order.empty()) {                   // a fork of what is running now, as far as it was told
        const int64_t other = order[draw(order.size())];
        tokens = joined(asked.at(other).tokens, rig.outcomes[other].tokens);
      }
      if (draw(4) == 0 && !tokens.empty()) tokens.resize(1 + draw(tokens.size()));
      if (tokens.empty() || static_cast<int32_t>(tokens.size()) > plan_.prompt_max / 2) tokens = any_tokens(1 + some(static_cast<uint64_t>(plan_.prompt_max / 2)));
      tokens = joined(tokens, any_tokens(some(static_cast<uint64_t>(plan_.prompt_max / 3))));
      RunRequest request = Rig::request(run, lane, tokens, 1 + some(static_cast<uint64_t>(plan_.generated_max)));
      if (draw(3) == 0) request.sampling = {0.8, 30, 0.95, draw(1000)};
      request.priority = static_cast<double>(draw(4));
      asked.emplace(run, request);
      order.push_back(run);
      rig.submit(std::move(request));
      for (uint64_t more = draw(4); more > 0; --more) {
        switch (draw(9)) {
          case 0: rig.loop->cancel(order[draw(order.size())]); break;
          case 1: case 2: rig.loop->set_priority(order[draw(order.size())], static_cast<double>(draw(6))); break;
          case 3: rig.loop->demote(any_lane()); break;
          case 4: rig.loop->recall(any_lane()); break;
          case 5: rig.loop->pin(any_lane(), draw(2) == 0 ? Tier::kHbm : Tier::kDram); break;
          case 6: rig.loop->pin(any_lane(), std::nullopt); break;
          case 7: rig.loop->retain(any_lane(), static_cast<double>(draw(4))); break;
          case 8: if (draw(3) == 0) rig.loop->drop(any_lane()); break;
        }
      }
      if (draw(3) == 0) lanes[lane] = joined(tokens, rig.wait(order[draw(order.size())]).tokens);
      else if (draw(2) == 0) rig.until([&] { return !rig.outcomes[run].tokens.empty() || !rig.outcomes[run].ended.empty(); });
    }
    for (const int64_t run : order) rig.wait(run);
    for (int i = 0; i < 8; ++i) rig.loop->drop(name_of("l", i));
    rig.generate(Rig::request(1 << 20, "last", {1}, 1));
    LoopStats stats = rig.loop->stats();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);  // for copies still under way
    for (; stats.hbm_available < stats.hbm_blocks && std::chrono::steady_clock::now() < deadline; stats = rig.loop->stats()) std::this_thread::yield();
    EXPECT_EQ(stats.hbm_available, stats.hbm_blocks);
    EXPECT_EQ(stats.running + stats.waiting, 0);
    std::set<std::pair<Tier, BlockName>> truth;
    for (const BlockEvent& block : rig.loop->snapshot()) truth.insert({block.tier, block.name});
    rig.until([&] { return truth == rig.directory; });

    LoopOptions alone{.hbm_blocks = blocks, .dram_blocks = 0, .running_max = 1, .iteration_tokens_max = 512};
    alone.is_speculating = false;
    Rig cold(make_(), alone);
    for (auto& [run, request] : asked) {
      const Outcome& out = rig.wait(run);
      ++runs;
      EXPECT_EQ(out.ended[0].message, "");
      request.salt[1] = static_cast<uint8_t>(run + 1);  // its own salt: nothing is shared
      request.salt[2] = static_cast<uint8_t>((run + 1) >> 8);
      const auto& reference = cold.generate(request).tokens;
      EXPECT(out.tokens.size() <= reference.size() && std::equal(out.tokens.begin(), out.tokens.end(), reference.begin()));
      EXPECT(out.ended[0].finish == Finish::kCancelled || out.tokens.size() == reference.size());
    }
    return stats;
  }

  // A sanitizer keeps what was freed for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool kHoldsFreed = true;
#else
  static constexpr bool kHoldsFreed = false;
#endif
  static size_t resident_bytes() {
    unsigned long pages = 0, resident = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr) return 0;
    if (std::fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
    return resident * 4096;
  }

  SoakPlan plan_;
  Make make_;
  size_t bytes_ = 0;
};

/// SLACKWATER_SOAK_SECONDS, or `otherwise`.
inline double soak_seconds(double otherwise) {
  const char* given = std::getenv("SLACKWATER_SOAK_SECONDS");
  return given != nullptr ? std::atof(given) : otherwise;
}

}  // namespace slackwater
