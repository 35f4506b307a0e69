#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../model/backend.h"
#include "arena.h"
#include "block_name.h"
#include "copier.h"
#include "name_table.h"

namespace slackwater {

enum class Tier : uint8_t { kHbm = 0, kDram = 1 };
enum class SlotState : uint8_t { kFree, kActive, kCached, kCopyingOut, kCopyingIn };

struct Lane;

/// 64 tokens of one chain, wherever their KV is: in hbm, in dram, or in both. Blocks form a tree below a root per salt.
/// A block lives while it has a slot in some tier or a sequence uses it, and never before its parent or after it.
struct Block {
  Block* parent = nullptr;
  Block* first_child = nullptr;  // and its siblings, in a list through the blocks, so that a new block allocates nothing
  Block* next_sibling = nullptr;
  Block* previous_sibling = nullptr;
  BlockName name{};
  bool is_named = false;     // full, in the index, its bytes never change again
  bool is_discarded = false; // nobody wants it any more, but a copy of it is under way
  int32_t depth = -1;        // index in its chain; -1: a root
  int32_t count = 0;         // tokens whose KV is in the bytes
  std::array<int32_t, kBlockTokens> tokens{};
  std::array<int32_t, 2> slots = {-1, -1};  // by tier
  int32_t refs = 0;                         // sequences that use it now
  std::vector<Lane*> lanes;                 // lanes whose chain it is part of
  double value = 0;                         // the largest of its lanes' values
  std::array<bool, 2> is_pinned = {};       // by tier, the strictest pin of its lanes
  uint64_t used = 0;                        // tick of the last use
  std::array<bool, 2> is_counted = {};      // among those that can be evicted from hbm: minding pins, and ignoring them
};

struct Slot {
  Block* owner = nullptr;
  SlotState state = SlotState::kFree;
  CopyJobPtr job;  // the copy that reads or writes it; it is not freed before that one is over
};

enum class MoveKind : uint8_t { kNone, kDemote, kRecall };

/// One growing token sequence and what the pool keeps of it between its runs.
struct Lane {
  std::string id;
  std::vector<Block*> chain;  // its full blocks, from the first
  Block* tail = nullptr;      // its partial last block
  double value = 0;
  std::optional<Tier> pin;
  bool is_resident_wanted = true;  // false between a demotion and the next run or recall
  uint64_t used = 0;
  int32_t runs = 0;  // queued or running
  bool is_dropped = false;

  struct Move {
    MoveKind kind = MoveKind::kNone;
    uint64_t id = 0;
    int32_t next = 0;  // demotion goes from the leaf up, recall from the root down
    int32_t inflight = 0;
    int32_t blocks = 0;
    double start_ms = 0;
  } move;
};
using LanePtr = std::shared_ptr<Lane>;

/// What one run holds of the pool. `blocks` cover the tokens computed so far and those of the iteration in work.
struct Sequence {
  LanePtr lane;
  Salt salt{};
  std::vector<Block*> blocks;
  int32_t blocks_max = 0;  // the worst case it was admitted with
  int32_t computed = 0;    // tokens whose KV is in the blocks
  int32_t hit = 0;         // of the prompt: tokens that were resident
  int32_t recalled = 0;    // of the prompt: tokens that came from dram
  bool is_resident = false;  // every block is in hbm, and stays there until the release
  bool is_leaving = false;   // would_fit() asks what is free without it
};

struct BlockEvent {
  bool is_stored;  // else removed
  Tier tier;
  BlockName name;
  BlockName parent;
  bool is_evicted;  // removal forced by pressure
};

struct MovedEvent {
  std::string lane;
  MoveKind kind;
  int32_t blocks;
  size_t bytes;
  double ms;
  bool is_cancelled;
};

struct PoolCounters {
  uint64_t demoted = 0, recalled = 0, evicted = 0;  // blocks: by order, from dram to hbm, forced by pressure
  double recall_bytes_per_s = 0;
};

struct PoolOptions {
  size_t block_bytes;
  int32_t hbm_blocks;
  int32_t dram_blocks;  // 0: what leaves hbm is dropped
  int32_t lanes_max = 4096;
};

/// Which block is where: the truth that every directory mirrors. One thread at a time; only the memcpys of ordered
/// moves happen elsewhere.
///
/// Invariants (check_integrity): free + held = total in each tier; a slot has one owner and the owner knows it; a block's parent
/// is held; references equal the sequences' use; free + evictable hbm blocks cover what admitted sequences may still take.
class BlockPool {
 public:
  BlockPool(const PoolOptions& options, Copier& copier);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  std::byte* arena() { return hbm_arena_.data(); }
  std::byte* bytes_at(Tier tier, int32_t slot);

  // Lanes. `lane` makes it when unknown; beyond `lanes_max` the least valuable idle one is dropped.
  LanePtr lane(const std::string& id);
  LanePtr find_lane(const std::string& id) const;
  size_t lane_count() const { return lanes_.size(); }
  void retain(const std::string& id, double value);
  void pin(const std::string& id, std::optional<Tier> tier);
  void drop(const std::string& id);
  void cancel_move(Lane& lane);
  void cancel_moves();

  // Sequences. try_admit finds the prompt's prefix, takes references and guarantees `blocks_max` blocks; false: not now.
  // `names`: the prompt's chain. `ignore_pins`: count pinned blocks as evictable, for when nothing else can ever free any.
  bool try_admit(Sequence& sequence, std::span<const int32_t> prompt, std::span<const BlockName> names, int32_t blocks_max, bool ignore_pins);
  /// Whether try_admit() would succeed, minding pins, if every sequence marked `is_leaving` were released. Blocks with a copy
  /// under way count as taken.
  bool would_fit(const Sequence& sequence, std::span<const int32_t> prompt, std::span<const BlockName> names, int32_t blocks_max);
  /// Starts what recalls the sequence still needs; true when all its blocks are resident.
  bool pump_resident(Sequence& sequence);
  /// Makes room for `rows` more tokens. False only when the guarantee was broken.
  bool extend(Sequence& sequence, int32_t rows);
  /// `tokens`: [rows], whose KV the blocks now have. Full blocks get their names; one that exists already is shared instead.
  void commit(Sequence& sequence, std::span<const int32_t> tokens);
  /// Takes over full blocks of `names` that others completed meanwhile, up to `tokens_max` tokens.
  void adopt(Sequence& sequence, std::span<const BlockName> names, int32_t tokens_max);
  /// Ends the use. What was computed becomes the lane's, unless the lane was dropped.
  void release(Sequence& sequence);

  // Moves between the tiers, by lane. Each order ends with one MovedEvent, at the latest by cancel_moves().
  void demote(const std::string& id, double now_ms);
  void recall(const std::string& id, double now_ms);
  /// Applies what the copy thread has done and feeds it from the open orders.
  void pump_moves(double now_ms);
  bool is_moving() const { return !moving_.empty(); }

  int32_t hbm_blocks() const { return options_.hbm_blocks; }
  int32_t dram_blocks() const { return options_.dram_blocks; }
  int32_t hbm_free() const { return static_cast<int32_t>(free_[0].size()); }
  int32_t dram_free() const { return static_cast<int32_t>(free_[1].size()); }
  /// Blocks a new run could take now: free or evictable, less what admitted sequences may still take.
  int32_t hbm_available(bool ignore_pins = false) const;
  const PoolCounters& counters() const { return counters_; }
  std::vector<BlockEvent> take_block_events() { return std::exchange(block_events_, {}); }
  /// Appends them to `into`; the room they took is kept for the next ones.
  void drain_block_events(std::vector<BlockEvent>& into) {
    into.insert(into.end(), block_events_.begin(), block_events_.end());
    block_events_.clear();
  }
  std::vector<MovedEvent> take_moved_events() { return std::exchange(moved_events_, {}); }
  std::vector<BlockEvent> snapshot() const;
  bool is_resident(const Block& block) const;
  const Block* find_block(const BlockName& name) const;
  size_t block_count() const { return index_.size(); }

  /// The first broken invariant in words, or an empty string.
  std::string check_integrity() const;

 private:
  // Key of eviction: least value, then least recently used, then deepest (an ancestor's key is never below its child's).
  struct Key {
    double value;
    uint64_t used;
    int32_t depth;
    bool operator<(const Key& other) const;
  };
  static Key key(const Block& block) { return {block.value, block.used, block.depth}; }

  Slot& slot(Tier tier, int32_t index) { return slots_[static_cast<size_t>(tier)][static_cast<size_t>(index)]; }
  const Slot& slot(Tier tier, int32_t index) const { return slots_[static_cast<size_t>(tier)][static_cast<size_t>(index)]; }
  Slot* slot_of(const Block& block, Tier tier);
  const Slot* slot_of(const Block& block, Tier tier) const;
  void attach_slot(Block& block, Tier tier, int32_t index, SlotState state);
  void free_slot(Tier tier, int32_t index);

  Block* new_block(Block* parent);
  Block* root(const Salt& salt);
  Block* find_root(const Salt& salt) const;
  void erase_block(Block& block);
  void remove_copy(Block& block, Tier tier, bool is_evicted);
  void discard(Block& block);
  void announce(const Block& block, Tier tier, bool is_stored, bool is_evicted);

  void settle(Block& block);
  void recount(Block& block);
  void leave_parent(Block& block);
  void join_parent(Block& block, Block& parent);
  void ref(Block& block);
  void unref(Block& block);
  void touch(Sequence& sequence);
  bool has_job(const Block& block) const;
  void cancel_demotion(Block& block);

  struct Partial {
    Block* block = nullptr;
    int32_t tokens = 0;
  };
  Partial find_held(const Sequence& sequence, std::span<const int32_t> prompt, std::span<const BlockName> names);
  bool fits_beside_held(int32_t blocks_max, bool ignore_pins);
  void count_leaving(int32_t change);
  Partial find_partial(const Sequence& sequence, const Block* parent, std::span<const int32_t> tokens) const;
  bool can_take_in_place(const Sequence& sequence, const Block& block) const;
  void take_in_place(Sequence& sequence, const Partial& partial);
  void copy_partial(Sequence& sequence, const Partial& partial);
  void share_named(Sequence& sequence, size_t at, Block& existing);

  void bind(Lane& lane, Sequence& sequence);
  void unbind(Lane& lane);
  void add_lane(Block& block, Lane& lane);
  void remove_lane(Block& block, Lane& lane);
  void refresh(Block& block);
  void refresh_lane(Lane& lane);
  void forget(const LanePtr& lane);
  Block* block_at(const Lane& lane, int32_t index) const;

  int32_t outstanding() const;
  bool is_evictable(const Block& block, bool ignore_pins) const;
  int32_t take_hbm_slot();
  int32_t try_take_hbm_slot(bool ignore_pins, const Key* below);
  void evict_from_hbm(Block& block, bool ignore_pins);
  int32_t try_take_dram_slot(const Key& above, bool ignore_pins);
  Block* find_dram_victim(bool ignore_pins) const;
  const std::byte* readable_bytes(const Block& block);

  bool start_order(const std::string& id, MoveKind kind, double now_ms);
  void pump_demotion(Lane& lane);
  void pump_recall(Lane& lane);
  bool can_demote(const Block& block) const;
  void start_copy(Block& block, CopyWay way, int32_t to, Lane* lane);
  void apply_copies();
  void apply(const CopyJobPtr& job);
  void end_move(Lane& lane, bool is_cancelled);

  PoolOptions options_;
  Copier& copier_;
  Arena hbm_arena_, dram_arena_;
  std::array<std::vector<Slot>, 2> slots_;
  std::array<std::vector<int32_t>, 2> free_;
  std::deque<Block> blocks_;
  std::vector<Block*> spare_blocks_;
  std::map<Salt, Block*> roots_;
  NameTable index_;
  std::unordered_map<std::string, LanePtr> lanes_;
  std::vector<LanePtr> moving_;
  std::vector<Sequence*> sequences_;
  std::vector<Block*> wanted_;  // of one prompt: its full blocks, and the partial one if it may be written in place
  std::array<int32_t, 2> evictable_ = {};  // blocks in hbm: minding pins, and ignoring them
  uint64_t tick_ = 0;
  uint64_t move_id_ = 0;
  double now_ms_ = 0;
  PoolCounters counters_;
  std::vector<BlockEvent> block_events_;
  std::vector<MovedEvent> moved_events_;
};

}  // namespace slackwater
