#pragma once

#include <cstdint>
#include <vector>

#include "block_name.h"

namespace slackwater {

struct Block;

/// The named blocks of a pool by name: open addressing in memory taken once, so that naming a block allocates nothing.
class NameTable {
 public:
  /// `blocks_max`: the most that are named at once; a quarter of the places at most is taken then, so that runs stay short.
  explicit NameTable(size_t blocks_max) {
    size_t places = 16;
    while (places < 4 * blocks_max) places *= 2;
    entries_.resize(places);
  }

  size_t size() const { return size_; }

  Block* find(const BlockName& name) const {
    for (size_t at = home(name);; at = next(at)) {
      if (entries_[at].block == nullptr) return nullptr;
      if (entries_[at].name == name) return entries_[at].block;
    }
  }

  /// `name` is not in the table yet, and fewer than `blocks_max` are.
  void insert(const BlockName& name, Block* block) {
    size_t at = home(name);
    while (entries_[at].block != nullptr) at = next(at);
    entries_[at] = {name, block};
    ++size_;
  }

  /// Closes the gap by moving back what its search would otherwise no longer reach, so that there are no tombstones.
  void erase(const BlockName& name) {
    size_t gap = home(name);
    while (entries_[gap].name != name || entries_[gap].block == nullptr) gap = next(gap);
    for (size_t at = next(gap); entries_[at].block != nullptr; at = next(at)) {
      const size_t way = (at - home(entries_[at].name)) & mask();
      if (way < ((at - gap) & mask())) continue;
      entries_[gap] = entries_[at];
      gap = at;
    }
    entries_[gap] = {};
    --size_;
  }

  template <class Visit>
  void each(const Visit& visit) const {
    for (const Entry& entry : entries_) {
      if (entry.block != nullptr) visit(entry.name, entry.block);
    }
  }

 private:
  struct Entry {
    BlockName name{};
    Block* block = nullptr;
  };
  size_t mask() const { return entries_.size() - 1; }
  size_t home(const BlockName& name) const { return BlockNameHash{}(name) & mask(); }
  size_t next(size_t at) const { return (at + 1) & mask(); }

  std::vector<Entry> entries_;
  size_t size_ = 0;
};

}  // namespace slackwater
