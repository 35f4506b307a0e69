// The block pool, case by case: hits during copies, eviction, admission, recall.
#include "block_pool_rig.h"

using namespace slackwater;

namespace {

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

void fork_of_a_running_sequence_takes_one_block_for_its_copy() {
  Bench bench(16, 0);
  const auto tokens = make_tokens(150, 1);
  auto parent = bench.admit("parent", tokens, 300);
  bench.make_resident(*parent);
  bench.compute(*parent, 150);  // two full blocks and 22 tokens of a third, which it goes on writing
  for (int child = 0; child < 3; ++child) {
    const int32_t before = bench.pool.hbm_free();
    auto forked = tokens;
    forked.push_back(7);
    auto use = bench.admit("child" + std::to_string(child), forked, 160);
    EXPECT_EQ(use->sequence.hit, 150);
    EXPECT_EQ(before - bench.pool.hbm_free(), 1);
    bench.make_resident(*use);  // checks the bytes
    bench.compute(*use, 1);
    bench.release(*use);
    bench.check();
  }
  bench.make_resident(*parent);
  bench.release(*parent);
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

void a_pin_in_dram_outlives_an_unpinned_block_there() {
  Bench bench(2, 2);
  const auto pinned = make_tokens(64, 1), dear = make_tokens(64, 2), stuck = make_tokens(64, 3);
  bench.run("pinned", pinned);
  bench.pool.pin("pinned", Tier::kDram);
  bench.run("dear", dear);
  bench.pool.retain("dear", 5);
  for (const char* lane : {"pinned", "dear"}) bench.pool.demote(lane, 0);
  bench.settle();
  bench.run("stuck", stuck);  // not to be dropped either, and dram is full
  bench.pool.pin("stuck", Tier::kDram);
  auto use = bench.admit("new", make_tokens(128, 4), 128, true);
  EXPECT(use != nullptr);
  bench.make_resident(*use);
  bench.compute(*use, 128);
  EXPECT(bench.holds(pinned, 0, Tier::kDram) && bench.holds(stuck, 0, Tier::kDram));
  EXPECT(bench.pool.find_block(name_chain(Salt{}, dear)[0]) == nullptr);  // dear as it was, no pin kept it
  bench.release(*use);
  bench.check();
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

}  // namespace

int main() {
  fork_of_a_running_sequence_takes_one_block_for_its_copy();
  hit_during_a_queued_demotion_cancels_it();
  hit_during_a_running_demotion_keeps_the_block_and_the_copy();
  run_of_the_lane_cancels_its_demotion();
  partial_block_being_copied_is_not_written_in_place();
  lane_dropped_during_its_copy_frees_everything_it_alone_had();
  eviction_takes_the_least_value_then_the_oldest_leaves_first();
  dram_takes_a_block_only_in_the_place_of_a_lesser_one();
  pressure_with_dram_takes_leaves_first_and_spares_pins();
  a_pin_in_dram_outlives_an_unpinned_block_there();
  admission_counts_what_is_promised_already();
  recall_stops_at_what_is_worth_more();
  std::puts("block pool: ok");
}
