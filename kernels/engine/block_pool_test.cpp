// The block pool: directed cases, and random operations against a naive model with every byte and every event checked.
// `block_pool_test SEED` replays one seed.
#include "block_pool.h"

#include <cstdlib>
#include <cstring>
#include <set>

#include "expect.h"
#include "toy_backend.h"

using namespace slackwater;

namespace {

using Values = std::vector<uint64_t>;

std::vector<int32_t> make_tokens(int32_t count, uint64_t seed) {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(ToyBackend::mix(seed, static_cast<uint64_t>(i)) % 50));
  return tokens;
}

/// A pool whose copies the test drives, the bytes every block should have, and a directory kept from its events alone.
struct Bench {
  Bench(int32_t hbm, int32_t dram, int32_t lanes_max = 4096) : copier(nullptr, false), pool({kBlockTokens * sizeof(uint64_t), hbm, dram, lanes_max}, copier) {}

  struct Use {
    Sequence sequence;
    std::vector<int32_t> tokens;  // the prompt, then what was appended
    std::vector<BlockName> names;
  };

  /// Null when the pool cannot take it now.
  std::unique_ptr<Use> admit(const std::string& lane, std::vector<int32_t> prompt, int32_t tokens_max) {
    auto use = std::make_unique<Use>();
    use->tokens = std::move(prompt);
    use->sequence.lane = pool.lane(lane);
    use->names = name_chain(Salt{}, use->tokens);
    ++use->sequence.lane->runs;
    pool.cancel_move(*use->sequence.lane);
    if (!pool.try_admit(use->sequence, use->tokens, use->names, (tokens_max + kBlockTokens - 1) / kBlockTokens, false)) {
      --use->sequence.lane->runs;
      return nullptr;
    }
    return use;
  }

  /// Computes up to `rows` of the use's tokens, as an iteration would.
  void compute(Use& use, int32_t rows) {
    pool.adopt(use.sequence, use.names, static_cast<int32_t>(use.tokens.size()) - 1);
    rows = std::min(rows, static_cast<int32_t>(use.tokens.size()) - use.sequence.computed);
    if (!pool.extend(use.sequence, rows)) {  // a real copy thread would end on its own while extend() waits for it
      finish_begun();
      EXPECT(pool.extend(use.sequence, rows));
    }
    const Values values = ToyBackend::chain(use.tokens);
    const auto first = static_cast<size_t>(use.sequence.computed);
    for (size_t at = first; at < first + static_cast<size_t>(rows); ++at) {
      const Block& block = *use.sequence.blocks[at / kBlockTokens];
      std::memcpy(pool.bytes_at(Tier::kHbm, block.slots[0]) + at % kBlockTokens * sizeof(uint64_t), &values[at], sizeof(uint64_t));
    }
    pool.commit(use.sequence, std::span(use.tokens).subspan(first, static_cast<size_t>(rows)));
    for (size_t block = 0; (block + 1) * kBlockTokens <= static_cast<size_t>(use.sequence.computed); ++block) {
      const auto names = name_chain(Salt{}, std::span(use.tokens).first((block + 1) * kBlockTokens));
      truth[names.back()] = Values(values.begin() + static_cast<std::ptrdiff_t>(block * kBlockTokens), values.begin() + static_cast<std::ptrdiff_t>((block + 1) * kBlockTokens));
    }
  }

  void make_resident(Use& use) {
    for (int tries = 0; !pool.pump_resident(use.sequence); ++tries) {
      EXPECT(tries < 1000);
      copier.wait_idle();
      pool.pump_moves(0);
    }
    const Values values = ToyBackend::chain(use.tokens);
    for (size_t at = 0; at < static_cast<size_t>(use.sequence.computed); ++at) {
      uint64_t held;
      std::memcpy(&held, pool.bytes_at(Tier::kHbm, use.sequence.blocks[at / kBlockTokens]->slots[0]) + at % kBlockTokens * sizeof(uint64_t), sizeof held);
      EXPECT(held == values[at]);
    }
  }

  void release(Use& use) {
    LanePtr lane = use.sequence.lane;
    pool.release(use.sequence);
    --lane->runs;
  }

  /// One whole run: admitted, computed, released.
  Sequence run(const std::string& lane, std::vector<int32_t> tokens) {
    const auto most = static_cast<int32_t>(tokens.size());
    auto use = admit(lane, std::move(tokens), most);
    EXPECT(use != nullptr);
    make_resident(*use);
    compute(*use, most);
    const Sequence after = use->sequence;
    release(*use);
    check();
    return after;
  }

  void finish_begun() {
    for (const CopyJobPtr& job : std::exchange(begun, {})) copier.finish(job);
  }

  void settle() {
    copier.wait_idle();
    pool.pump_moves(0);
    check();
  }

  bool holds(const std::vector<int32_t>& tokens, size_t block, Tier tier) {
    follow();
    return directory.contains({tier, name_chain(Salt{}, tokens)[block]});
  }

  void follow() {
    for (const BlockEvent& event : pool.take_block_events()) {
      if (event.is_stored) EXPECT(directory.insert({event.tier, event.name}).second);
      else EXPECT_EQ(directory.erase({event.tier, event.name}), 1u);
      parents[event.name] = event.parent;
    }
    for (const MovedEvent& event : pool.take_moved_events()) moved.push_back(event);
  }

  void check() {
    EXPECT_EQ(pool.check_integrity(), "");
    follow();
    std::set<std::pair<Tier, BlockName>> held;
    for (const BlockEvent& event : pool.snapshot()) {
      held.insert({event.tier, event.name});
      EXPECT(event.parent == parents.at(event.name));
      EXPECT(event.parent == BlockName{} || pool.find_block(event.parent) != nullptr);
      const Block& block = *pool.find_block(event.name);
      const int32_t slot = block.slots[static_cast<size_t>(event.tier)];
      EXPECT(std::memcmp(pool.bytes_at(event.tier, slot), truth.at(event.name).data(), kBlockTokens * sizeof(uint64_t)) == 0);
    }
    EXPECT(held == directory);
  }

  Copier copier;
  BlockPool pool;
  std::map<BlockName, Values> truth;
  std::set<std::pair<Tier, BlockName>> directory;
  std::map<BlockName, BlockName> parents;
  std::vector<MovedEvent> moved;
  std::vector<CopyJobPtr> begun;  // copies in the middle
};

void hit_during_a_queued_demotion_cancels_it() {
  Bench bench(8, 8);
  const auto tokens = make_tokens(128, 1);
  bench.run("a", tokens);
  bench.pool.demote("a", 0);
  EXPECT_EQ(bench.pool.dram_free(), 6);
  auto use = bench.admit("b", make_tokens(129, 1), 129);
  EXPECT_EQ(use->sequence.hit, 128);
  EXPECT_EQ(bench.pool.dram_free(), 8);  // what was never begun gives its place back at once
  bench.settle();
  EXPECT_EQ(bench.moved.at(0).blocks, 0);
  EXPECT(bench.holds(tokens, 1, Tier::kHbm) && !bench.holds(tokens, 1, Tier::kDram));
  bench.release(*use);
  bench.check();
}

void hit_during_a_running_demotion_keeps_the_block_and_the_copy() {
  Bench bench(8, 8);
  const auto tokens = make_tokens(64, 1);
  bench.run("a", tokens);
  bench.pool.demote("a", 0);
  const CopyJobPtr late = bench.copier.begin();
  auto use = bench.admit("b", make_tokens(65, 1), 65);
  EXPECT_EQ(use->sequence.hit, 64);
  EXPECT_EQ(bench.pool.dram_free(), 7);  // its target stays taken: the late bytes land nowhere else
  bench.copier.finish(late);
  bench.settle();
  EXPECT(bench.holds(tokens, 0, Tier::kHbm) && bench.holds(tokens, 0, Tier::kDram));
  bench.release(*use);
  bench.check();
}

void run_of_the_lane_cancels_its_demotion() {
  Bench bench(8, 8);
  bench.run("a", make_tokens(150, 1));
  bench.pool.demote("a", 0);
  auto use = bench.admit("a", make_tokens(160, 1), 160);
  EXPECT_EQ(use->sequence.hit, 150);  // the partial block too, in place
  bench.follow();
  EXPECT(bench.moved.size() == 1 && bench.moved[0].is_cancelled);
  bench.release(*use);
  bench.settle();
}

void partial_block_being_copied_is_not_written_in_place() {
  Bench bench(8, 8);
  bench.run("a", make_tokens(100, 1));
  bench.pool.demote("a", 0);
  const CopyJobPtr late = bench.copier.begin();  // the partial block goes first
  auto use = bench.admit("a", make_tokens(120, 1), 120);
  EXPECT_EQ(use->sequence.computed, 100);
  bench.make_resident(*use);
  bench.compute(*use, 20);
  bench.copier.finish(late);
  bench.settle();
  bench.release(*use);
  bench.settle();
  EXPECT_EQ(bench.pool.hbm_free(), 6);
  EXPECT_EQ(bench.pool.dram_free(), 8);
}

void lane_dropped_during_its_copy_frees_everything_it_alone_had() {
  Bench bench(4, 4);
  bench.run("a", make_tokens(30, 1));
  bench.pool.demote("a", 0);
  const CopyJobPtr late = bench.copier.begin();
  bench.pool.drop("a");
  EXPECT_EQ(bench.pool.dram_free(), 3);
  bench.check();
  bench.copier.finish(late);
  bench.settle();
  EXPECT_EQ(bench.pool.dram_free(), 4);
  EXPECT_EQ(bench.pool.hbm_free(), 4);
}

void eviction_takes_the_least_value_then_the_oldest_leaves_first() {
  Bench bench(7, 0);
  const auto old = make_tokens(128, 1), dear = make_tokens(128, 2), young = make_tokens(128, 3);
  bench.run("dear", dear);
  bench.pool.retain("dear", 3);
  bench.run("old", old);
  bench.run("young", young);
  bench.run("new", make_tokens(128, 4));  // needs one more block than is free
  EXPECT(bench.holds(old, 0, Tier::kHbm) && !bench.holds(old, 1, Tier::kHbm));
  bench.run("newer", make_tokens(192, 5));  // three more: the rest of old, then young from its end
  EXPECT(!bench.holds(old, 0, Tier::kHbm));
  EXPECT(!bench.holds(young, 1, Tier::kHbm) && !bench.holds(young, 0, Tier::kHbm));
  EXPECT(bench.holds(dear, 1, Tier::kHbm));
}

void dram_takes_a_block_only_in_the_place_of_a_lesser_one() {
  Bench bench(2, 2);
  const auto dear = make_tokens(128, 1), cheap = make_tokens(128, 2);
  bench.run("dear", dear);
  bench.pool.retain("dear", 5);
  bench.run("cheap", cheap);  // dear is pushed to dram
  EXPECT(bench.holds(dear, 1, Tier::kDram) && bench.holds(cheap, 1, Tier::kHbm));
  bench.run("third", make_tokens(128, 3));  // cheap finds no room and is dropped
  EXPECT(bench.holds(dear, 1, Tier::kDram) && bench.pool.find_block(name_chain(Salt{}, cheap)[0]) == nullptr);
}

void pressure_with_dram_takes_leaves_first_and_spares_pins() {
  Bench bench(6, 8);
  const auto pinned = make_tokens(128, 1), idle = make_tokens(128, 2);
  bench.run("pinned", pinned);
  bench.pool.pin("pinned", Tier::kHbm);
  bench.run("idle", idle);
  bench.run("new", make_tokens(192, 3));  // one more than is free
  EXPECT(bench.holds(idle, 0, Tier::kHbm) && !bench.holds(idle, 1, Tier::kHbm) && bench.holds(idle, 1, Tier::kDram));
  EXPECT(bench.holds(pinned, 1, Tier::kHbm));
  bench.run("newer", make_tokens(256, 4));
  EXPECT(bench.holds(pinned, 0, Tier::kHbm) && bench.holds(pinned, 1, Tier::kHbm));
}

void admission_counts_what_is_promised_already() {
  Bench bench(6, 0);
  auto first = bench.admit("a", make_tokens(10, 1), 256);  // promised 4, holds none yet
  EXPECT(first != nullptr);
  EXPECT_EQ(bench.pool.hbm_available(), 2);
  EXPECT(bench.admit("b", make_tokens(10, 2), 192) == nullptr);
  auto second = bench.admit("b", make_tokens(10, 2), 128);
  EXPECT(second != nullptr);
  bench.release(*first);
  bench.release(*second);
  bench.check();
}

void recall_stops_at_what_is_worth_more() {
  Bench bench(4, 8);
  bench.run("idle", make_tokens(192, 1));
  bench.pool.demote("idle", 0);
  bench.settle();
  bench.run("dear", make_tokens(128, 2));
  bench.pool.retain("dear", 9);
  bench.pool.recall("idle", 0);
  bench.settle();
  EXPECT_EQ(bench.moved.back().blocks, 2);
  EXPECT(bench.holds(make_tokens(128, 2), 1, Tier::kHbm));
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
    const std::string lane = "l" + std::to_string(draw(5));
    auto tokens = lanes["l" + std::to_string(draw(5))];
    tokens.resize(draw(tokens.size() + 1));
    const auto more = make_tokens(1 + static_cast<int32_t>(draw(120)), draw(2));
    tokens.insert(tokens.end(), more.begin(), more.end());
    if (draw(4) == 0) bench.pool.demote("l" + std::to_string(draw(5)), 0);
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
  const auto any_lane = [&] { return "l" + std::to_string(draw(6)); };
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
  for (int i = 0; i < 6; ++i) bench.pool.drop("l" + std::to_string(i));
  bench.settle();
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) {
    const uint64_t seed = std::strtoull(arguments[1], nullptr, 10);
    finds_the_longest_known_prefix(seed);
    survives_random_operations(seed);
    return 0;
  }
  hit_during_a_queued_demotion_cancels_it();
  hit_during_a_running_demotion_keeps_the_block_and_the_copy();
  run_of_the_lane_cancels_its_demotion();
  partial_block_being_copied_is_not_written_in_place();
  lane_dropped_during_its_copy_frees_everything_it_alone_had();
  eviction_takes_the_least_value_then_the_oldest_leaves_first();
  dram_takes_a_block_only_in_the_place_of_a_lesser_one();
  pressure_with_dram_takes_leaves_first_and_spares_pins();
  admission_counts_what_is_promised_already();
  recall_stops_at_what_is_worth_more();
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::fprintf(stderr, "block pool: seed %llu\n", static_cast<unsigned long long>(seed));
    finds_the_longest_known_prefix(seed);
    survives_random_operations(seed);
  }
  std::puts("block pool: ok");
}
