// What outside numbers do: priorities that change, runs that give way and come back, chunks cut to an iteration's time, forks of
// what is running, cancelling.
#include "loop_rig.h"

#include <limits>

using namespace slackwater;

namespace {

const LoopOptions kRoomy = {.hbm_blocks = 128, .dram_blocks = 0, .running_max = 8, .iteration_tokens_max = 512};

LoopOptions one_at_a_time(int32_t hbm_blocks = 128, int32_t running_max = 1) {
  return {.hbm_blocks = hbm_blocks, .dram_blocks = 64, .running_max = running_max, .iteration_tokens_max = 512};
}

RunRequest with_priority(RunRequest request, double priority) {
  request.priority = priority;
  return request;
}

/// Holds the loop in the `at`-th iteration until it is opened or let on to a later one, so that what is ordered meanwhile comes in
/// time.
struct Gate {
  Gate(Rig& rig, int at) : held_at(at) {
    rig.backend->before_run = [this] {
      ++iterations;
      iterations.notify_all();
      for (int until = held_at; iterations >= until; until = held_at) held_at.wait(until);
    };
  }
  void wait_until_held(int at) {
    for (int seen = iterations; seen < at; seen = iterations) iterations.wait(seen);
  }
  void move_to(int at) {
    held_at = at;
    held_at.notify_all();
    wait_until_held(at);
  }
  void open() {
    held_at = std::numeric_limits<int>::max();
    held_at.notify_all();
  }
  std::atomic<int> iterations = 0, held_at;
};

void chunks_leave_decoding_sequences_their_time() {
  struct Seen { int32_t rows, prefill_end; bool has_decode; double ms; };
  std::vector<Seen> seen;
  std::mutex mutex;
  Timed timed(kRoomy, 5, 0.5, 0);
  timed.on_batch = [&](const Batch& batch, double ms) {
    const SequenceView& last = batch.views[batch.sequences - 1];
    std::lock_guard lock(mutex);
    seen.push_back({batch.rows, last.rows > 16 ? last.start + last.rows : 0, batch.sequences > 1, ms});
  };
  timed.rig.submit(Rig::request(1, "a", make_tokens(700, 1), 900));
  timed.rig.until([&] { return timed.rig.outcomes[1].tokens.size() > 50; });
  timed.rig.submit(Rig::request(2, "b", make_tokens(2000, 2), 1));
  timed.rig.wait(2);
  timed.rig.loop->cancel(1);
  timed.rig.wait(1);
  std::lock_guard lock(mutex);
  EXPECT_EQ(seen[0].rows, 512);  // nobody decodes: the whole budget
  int chunks = 0;
  for (const Seen& at : seen) {
    if (!at.has_decode || at.prefill_end == 0) continue;
    ++chunks;
    EXPECT(at.ms <= 105);
    if (at.prefill_end < 2000) EXPECT(at.ms >= 60 && at.prefill_end % kBlockTokens == 0);
  }
  EXPECT(chunks >= 10 && chunks <= 20);  // of 128 to 190 rows
}

void a_slow_machine_prefills_a_block_at_a_time_and_still_gets_on() {
  Timed timed(kRoomy, 5, 10, 0);  // a block takes 640 ms
  int32_t least = 1000, most = 0;
  std::atomic<bool> is_second = false;
  timed.on_batch = [&](const Batch& batch, double) {
    const SequenceView& last = batch.views[batch.sequences - 1];
    if (!is_second || batch.sequences < 2 || last.start + last.rows == 400) return;
    least = std::min(least, last.rows);
    most = std::max(most, last.rows);
  };
  timed.rig.submit(Rig::request(1, "a", make_tokens(100, 1), 900));
  timed.rig.until([&] { return timed.rig.outcomes[1].tokens.size() > 20; });
  is_second = true;
  timed.rig.submit(Rig::request(2, "b", make_tokens(400, 2), 1));
  timed.rig.wait(2);
  timed.rig.loop->cancel(1);
  timed.rig.wait(1);
  timed.rig.loop->stop();
  timed.rig.loop->join();
  EXPECT_EQ(least, kBlockTokens);
  EXPECT_EQ(most, kBlockTokens);
}

void a_fork_of_a_running_sequence_computes_its_own_tokens_alone() {
  Rig rig(kRoomy);
  const auto prompt = make_tokens(100, 1);
  const auto free = rig.generate(Rig::request(1, "alone", prompt, 600)).tokens;
  std::atomic<bool> is_held = false, is_open = false;
  RunRequest parent = Rig::request(2, "parent", prompt, 600);
  parent.salt[0] = 7;
  std::atomic<int> decoded = 0;
  rig.backend->on_batch = [&](const Batch& batch) {
    if (batch.rows > batch.sequences * 9 || ++decoded < 60) return;
    is_held = true;
    is_held.notify_all();
    is_open.wait(false);
  };
  rig.submit(parent);
  is_held.wait(false);  // in the middle of the parent's iteration, about 60 tokens in
  auto forked = joined(prompt, {free.begin(), free.begin() + 40});
  for (int64_t child = 3; child < 6; ++child) {
    RunRequest request = Rig::request(child, name_of("child", child), joined(forked, make_tokens(5, static_cast<uint64_t>(child))), 30);
    request.salt[0] = 7;
    rig.submit(std::move(request));
  }
  is_open = true;
  is_open.notify_all();
  Rig cold(kRoomy);
  for (int64_t child = 3; child < 6; ++child) {
    const Outcome& out = rig.wait(child);
    EXPECT_EQ(out.ended[0].hit, 140);
    EXPECT_EQ(out.ended[0].computed, 5);
    EXPECT(out.tokens == cold.generate(Rig::request(child, name_of("c", child), joined(forked, make_tokens(5, static_cast<uint64_t>(child))), 30)).tokens);
  }
  EXPECT(rig.wait(2).tokens == free);
}

void a_better_run_takes_the_place_of_a_worse_one_which_continues_exactly() {
  for (const int habit : {0, 9}) {
    Rig rig(one_at_a_time(), 4096, kBlockTokens * sizeof(uint64_t), habit), cold(kRoomy, 4096, kBlockTokens * sizeof(uint64_t), habit);
    RunRequest long_one = with_priority(Rig::request(1, "a", make_tokens(130, 1), 2000), 5);
    long_one.sampling = {0.9, 0, 1, 42};
    long_one.logprobs = 1;
    Gate gate(rig, 10);
    rig.submit(long_one);
    gate.wait_until_held(10);
    rig.submit(with_priority(Rig::request(2, "b", make_tokens(90, 2), 20), 1));
    gate.open();
    rig.wait(2);
    const Outcome& out = rig.wait(1);
    EXPECT(rig.ended_before(2, 1));
    EXPECT_EQ(rig.loop->stats().preempted, 1u);
    EXPECT_EQ(out.started.size(), 1u);
    EXPECT_EQ(out.ended[0].computed + out.ended[0].hit + out.ended[0].recalled, 130);
    EXPECT_EQ(out.ended[0].generated, 2000);
    const Outcome& reference = cold.generate(long_one);
    EXPECT(out.tokens == reference.tokens);
    EXPECT_EQ(out.logprobs.size(), reference.logprobs.size());
  }
}

void what_a_run_sampled_before_it_gave_way_is_told_then() {
  Timed timed(one_at_a_time(), 0.001, 0, 0);  // tokens come faster than they are told
  Gate gate(timed.rig, 10);
  timed.rig.submit(with_priority(Rig::request(1, "a", make_tokens(130, 1), 2000), 5));
  gate.wait_until_held(10);
  timed.rig.submit(with_priority(Rig::request(2, "b", make_tokens(90, 2), 20), 1));
  gate.open();
  timed.rig.wait(2);
  EXPECT_EQ(timed.rig.outcomes[1].tokens.size(), 10u);
  EXPECT_EQ(timed.rig.wait(1).tokens.size(), 2000u);
}

void blocks_are_won_back_for_a_better_run() {
  Rig rig(one_at_a_time(16, 4));
  Gate gate(rig, 10);
  rig.submit(with_priority(Rig::request(1, "a", make_tokens(130, 1), 700), 5));  // 13 blocks
  gate.wait_until_held(10);
  rig.submit(with_priority(Rig::request(2, "b", make_tokens(300, 2), 50), 1));  // 6 blocks
  gate.open();
  rig.wait(2);
  EXPECT_EQ(rig.loop->stats().preempted, 1u);
  Rig cold(kRoomy);
  EXPECT(rig.wait(1).tokens == cold.generate(Rig::request(1, "x", make_tokens(130, 1), 700)).tokens);
  EXPECT(rig.wait(2).tokens == cold.generate(Rig::request(2, "y", make_tokens(300, 2), 50)).tokens);
}

/// `first` is held in its first iteration while those `beside` it come; `last` comes when all of them run.
void contend(Rig& rig, Gate& gate, RunRequest first, std::vector<RunRequest> beside, RunRequest last) {
  rig.submit(std::move(first));
  gate.wait_until_held(1);
  for (RunRequest& request : beside) rig.submit(std::move(request));
  gate.move_to(3);
  rig.submit(std::move(last));
  gate.open();
}

void nobody_gives_way_in_vain_or_to_an_equal() {
  Rig rig(one_at_a_time(16, 4));
  Gate gate(rig, 1);
  contend(rig, gate, with_priority(Rig::request(1, "a", make_tokens(130, 1), 390), 1),  // 9 blocks
          {with_priority(Rig::request(2, "b", make_tokens(130, 2), 100), 5),            // 4
           with_priority(Rig::request(3, "c", make_tokens(130, 3), 200), 5)},           // 6 where 3 are free, and equal
          with_priority(Rig::request(4, "d", make_tokens(600, 4), 10), 2));             // 10 where 7 would be free
  for (int64_t run = 1; run < 5; ++run) EXPECT(rig.wait(run).ended[0].finish == Finish::kLength);
  EXPECT_EQ(rig.loop->stats().preempted, 0u);
}

/// Six blocks of prefix, and a run of `own` tokens more on its own lane.
RunRequest on_prefix(int64_t run, int32_t own, int32_t max_tokens, double priority) {
  return with_priority(Rig::request(run, name_of("l", run), joined(make_tokens(384, 9), make_tokens(own, static_cast<uint64_t>(run) + 20)), max_tokens), priority);
}

/// That prefix is in the pool, and nobody's.
void store_prefix(Rig& rig) { rig.generate(Rig::request(0, "parent", make_tokens(384, 9), 1)); }

void a_prefix_that_a_better_run_shares_is_not_won_by_those_who_leave_it() {
  Rig rig(one_at_a_time(16, 4));
  store_prefix(rig);
  Gate gate(rig, 1);
  contend(rig, gate, on_prefix(1, 10, 116, 0),                       // 8 blocks
          {on_prefix(2, 10, 80, 5), on_prefix(3, 10, 80, 5)},             // 2 more each
          with_priority(Rig::request(4, "d", make_tokens(600, 4), 10), 1));  // 10 where 8 would be free
  for (int64_t run = 1; run < 5; ++run) rig.wait(run);
  EXPECT_EQ(rig.loop->stats().preempted, 0u);
}

void only_those_give_way_whose_blocks_are_needed() {
  Rig rig(one_at_a_time(16, 4));
  store_prefix(rig);
  Gate gate(rig, 1);
  contend(rig, gate, on_prefix(1, 10, 116, 0),                                // 8 blocks
          {on_prefix(2, 10, 100, 6),                                               // 2 more: the worst, and of no use
           with_priority(Rig::request(3, "c", make_tokens(130, 3), 200), 5)},      // the other 6
          with_priority(Rig::request(4, "d", make_tokens(300, 4), 10), 1));        // 5
  for (int64_t run = 1; run < 5; ++run) rig.wait(run);
  EXPECT(rig.ended_before(4, 3));
  EXPECT_EQ(rig.loop->stats().preempted, 1u);
}

void blocks_that_a_better_run_finds_in_use_are_none_it_needs() {
  Rig rig(one_at_a_time(10, 4));
  store_prefix(rig);
  Gate gate(rig, 1);
  contend(rig, gate, on_prefix(1, 10, 116, 0),                            // 8 blocks
          {with_priority(Rig::request(2, "b", make_tokens(60, 2), 60), 5)},    // the other 2
          on_prefix(3, 10, 60, 1));                                            // 8, of which 6 are there
  rig.wait(3);
  EXPECT_EQ(rig.loop->stats().preempted, 1u);
  for (int64_t run = 1; run < 3; ++run) rig.wait(run);
}

void nobody_gives_way_for_blocks_that_are_about_to_be_free() {
  LoopOptions options = one_at_a_time(8, 4);
  options.dram_blocks = 8;
  Rig rig(options, 4096, size_t{2} << 20);
  rig.generate(Rig::request(0, "idle", make_tokens(250, 9), 1));  // 4 blocks
  Gate gate(rig, 2);
  rig.submit(with_priority(Rig::request(1, "a", make_tokens(130, 1), 100), 5));  // the other 4
  gate.wait_until_held(2);
  rig.loop->demote("idle");  // begins just before the run below asks
  rig.submit(with_priority(Rig::request(2, "b", make_tokens(130, 2), 10), 1));
  gate.open();
  rig.wait(2);
  rig.wait(1);
  EXPECT_EQ(rig.loop->stats().preempted, 0u);
}

void what_others_computed_while_a_run_was_out_is_no_work_of_its_own() {
  Rig rig(one_at_a_time());
  Gate gate(rig, 1);
  rig.submit(with_priority(Rig::request(1, "a", make_tokens(1200, 1), 10), 5));
  gate.wait_until_held(1);  // in its first 512
  rig.submit(with_priority(Rig::request(2, "b", make_tokens(1200, 1), 1), 1));
  gate.open();
  rig.wait(2);
  const EndedEvent ended = rig.wait(1).ended[0];
  EXPECT_EQ(rig.loop->stats().preempted, 1u);
  EXPECT_EQ(ended.hit, 1199 - 512);
  EXPECT_EQ(ended.recalled, 0);
  EXPECT_EQ(ended.computed, 513);
}

void a_run_that_gave_way_before_it_began_has_waited_all_along() {
  Timed timed(one_at_a_time(128, 2), 10, 0, 0);
  Gate gate(timed.rig, 1);
  timed.rig.submit(Rig::request(1, "a", make_tokens(1100, 1), 1));
  gate.wait_until_held(1);
  timed.rig.submit(with_priority(Rig::request(2, "b", make_tokens(1100, 1), 1), 5));  // waits, admitted, for what the first computes
  gate.move_to(2);
  timed.rig.submit(with_priority(Rig::request(3, "c", make_tokens(90, 3), 40), 1));
  gate.open();
  for (int64_t run = 1; run < 4; ++run) timed.rig.wait(run);
  EXPECT_EQ(timed.rig.loop->stats().preempted, 1u);
  const StartedEvent& started = timed.rig.outcomes[2].started.at(0);
  EXPECT(started.queued_ms >= 20);
  EXPECT_EQ(started.recall_ms, 0);
}

void a_priority_changed_while_running_lets_another_in() {
  Rig rig(one_at_a_time());
  Gate gate(rig, 10);
  rig.submit(with_priority(Rig::request(1, "a", make_tokens(100, 1), 300), 1));
  gate.wait_until_held(10);
  rig.submit(with_priority(Rig::request(2, "b", make_tokens(100, 2), 10), 2));
  rig.loop->set_priority(1, 3);
  gate.open();
  rig.wait(2);
  EXPECT_EQ(rig.loop->stats().preempted, 1u);
  EXPECT_EQ(rig.wait(1).tokens.size(), 300u);
  EXPECT((rig.start_order == std::vector<int64_t>{1, 2}));
}

void a_preempted_run_can_be_cancelled_and_its_prefix_is_still_there() {
  Rig rig(one_at_a_time());
  Gate gate(rig, 10);
  rig.submit(with_priority(Rig::request(1, "a", make_tokens(130, 1), 3000), 5));
  gate.wait_until_held(10);
  rig.submit(with_priority(Rig::request(2, "b", make_tokens(90, 2), 3000), 1));
  gate.open();
  rig.until([&] { return rig.outcomes[2].tokens.size() >= 1; });
  rig.loop->cancel(1);
  const EndedEvent ended = rig.wait(1).ended[0];
  EXPECT(ended.finish == Finish::kCancelled);
  EXPECT_EQ(rig.outcomes[1].tokens.size(), static_cast<size_t>(ended.generated));
  EXPECT(ended.chain.size() >= 2);
  rig.loop->cancel(2);
  rig.wait(2);
  EXPECT_EQ(rig.generate(Rig::request(3, "a", joined(make_tokens(130, 1), rig.outcomes[1].tokens), 1)).ended[0].computed, 1);
}

void a_cancelled_run_is_in_no_iteration_after_the_one_in_work() {
  Rig rig(kRoomy);
  Gate gate(rig, 5);
  rig.submit(Rig::request(1, "a", make_tokens(100, 1), 3000));
  gate.wait_until_held(5);
  rig.loop->cancel(1);
  gate.open();
  EXPECT(rig.wait(1).ended[0].finish == Finish::kCancelled);
  EXPECT_EQ(gate.iterations.load(), 5);
}

}  // namespace

int main() {
#define CASE(name) std::fprintf(stderr, "%s\n", #name), name()
  CASE(chunks_leave_decoding_sequences_their_time);
  CASE(a_slow_machine_prefills_a_block_at_a_time_and_still_gets_on);
  CASE(a_fork_of_a_running_sequence_computes_its_own_tokens_alone);
  CASE(a_better_run_takes_the_place_of_a_worse_one_which_continues_exactly);
  CASE(what_a_run_sampled_before_it_gave_way_is_told_then);
  CASE(blocks_are_won_back_for_a_better_run);
  CASE(nobody_gives_way_in_vain_or_to_an_equal);
  CASE(a_prefix_that_a_better_run_shares_is_not_won_by_those_who_leave_it);
  CASE(only_those_give_way_whose_blocks_are_needed);
  CASE(blocks_that_a_better_run_finds_in_use_are_none_it_needs);
  CASE(nobody_gives_way_for_blocks_that_are_about_to_be_free);
  CASE(what_others_computed_while_a_run_was_out_is_no_work_of_its_own);
  CASE(a_run_that_gave_way_before_it_began_has_waited_all_along);
  CASE(a_priority_changed_while_running_lets_another_in);
  CASE(a_preempted_run_can_be_cancelled_and_its_prefix_is_still_there);
  CASE(a_cancelled_run_is_in_no_iteration_after_the_one_in_work);
  std::puts("loop, policy: ok");
}
