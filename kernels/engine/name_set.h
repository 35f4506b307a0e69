#pragma once

#include <cstdint>
#include <vector>

#include "block_name.h"

namespace slackwater {

/// A set of names that is emptied in one step and keeps its memory.
class NameSet {
 public:
  NameSet() : entries_(1024) {}

  void clear() {
    size_ = 0;
    if (++round_ != 0) return;
    for (Entry& entry : entries_) entry.round = 0;
    round_ = 1;
  }
  bool contains(const BlockName& name) const { return entries_[find(name)].round == round_; }
  void insert(const BlockName& name) {
    Entry& entry = entries_[find(name)];
    if (entry.round == round_) return;
    entry = {name, round_};
    if (2 * ++size_ > entries_.size()) grow();
  }

 private:
  struct Entry {
    BlockName name{};
    uint32_t round = 0;  // in which it was put in
  };
  /// The name's place, or the free one where it would go.
  size_t find(const BlockName& name) const {
    size_t at = BlockNameHash{}(name) & (entries_.size() - 1);
    while (entries_[at].round == round_ && entries_[at].name != name) at = (at + 1) & (entries_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<Entry> old(2 * entries_.size());
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.round == round_) entries_[find(entry.name)] = entry;
    }
  }

  std::vector<Entry> entries_;
  uint32_t round_ = 1;
  size_t size_ = 0;
};

}  // namespace slackwater
