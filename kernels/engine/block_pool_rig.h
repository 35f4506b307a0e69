#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <set>

#include "block_pool.h"
#include "expect.h"
#include "toy_backend.h"

namespace slackwater {

using Values = std::vector<uint64_t>;

inline std::vector<int32_t> make_tokens(int32_t count, uint64_t seed) {
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
  std::unique_ptr<Use> admit(const std::string& lane, std::vector<int32_t> prompt, int32_t tokens_max, bool ignore_pins = false) {
    auto use = std::make_unique<Use>();
    use->tokens = std::move(prompt);
    use->sequence.lane = pool.lane(lane);
    use->names = name_chain(Salt{}, use->tokens);
    ++use->sequence.lane->runs;
    pool.cancel_move(*use->sequence.lane);
    if (!pool.try_admit(use->sequence, use->tokens, use->names, (tokens_max + kBlockTokens - 1) / kBlockTokens, ignore_pins)) {
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

}  // namespace slackwater
