// The loop over a toy backend: reuse, sharing, cancel, order, moves, admission, determinism.
#include "loop_rig.h"

using namespace slackwater;

namespace {

void cold_run_generates_what_the_formula_says() {
  Rig rig;
  const auto prompt = make_tokens(150, 1);
  const Outcome& out = rig.generate(Rig::request(1, "a", prompt, 5));
  // Greedy over the toy's logits, computed here from the definition.
  std::vector<int32_t> tokens = prompt;
  for (int32_t i = 0; i < 5; ++i) {
    uint64_t sum = 0;
    for (const uint64_t value : ToyBackend::chain(tokens)) sum = ToyBackend::mix(sum, value);
    int32_t best = 0;
    for (int32_t v = 0; v < 97; ++v) {
      if (ToyBackend::mix(sum, static_cast<uint64_t>(v)) >> 40 > ToyBackend::mix(sum, static_cast<uint64_t>(best)) >> 40) best = v;
    }
    tokens.push_back(best);
  }
  EXPECT(joined(prompt, out.tokens) == tokens);
  EXPECT(out.ended[0].finish == Finish::kLength);
  EXPECT_EQ(out.started.at(0).computed, 150);
  EXPECT_EQ(out.ended[0].computed, 150);
}

void continuation_hits_all_but_the_new_tokens() {
  Rig rig;
  const auto prompt = make_tokens(100, 1);
  const auto first = rig.generate(Rig::request(1, "a", prompt, 10)).tokens;
  const auto more = joined(joined(prompt, first), make_tokens(30, 2));
  const auto& next = rig.generate(Rig::request(2, "a", more, 10));
  EXPECT_EQ(next.ended[0].hit, 109);  // all but the last sampled token, whose KV nobody needed until now
  EXPECT_EQ(next.ended[0].computed, 31);
  Rig cold;
  EXPECT(cold.generate(Rig::request(1, "b", more, 10)).tokens == next.tokens);
}

void fork_shares_full_blocks_and_copies_the_partial_one() {
  Rig rig;
  const auto parent = make_tokens(100, 1);
  rig.generate(Rig::request(1, "parent", parent, 1));
  const auto child = joined(parent, make_tokens(20, 3));
  const auto& forked = rig.generate(Rig::request(2, "child", child, 4));
  EXPECT_EQ(forked.ended[0].hit, 100);
  const auto& again = rig.generate(Rig::request(3, "parent", joined(parent, make_tokens(20, 4)), 4));
  EXPECT_EQ(again.ended[0].hit, 100);  // the child's copy left the parent's own block alone
  Rig cold;
  EXPECT(cold.generate(Rig::request(1, "x", child, 4)).tokens == forked.tokens);
  EXPECT(cold.generate(Rig::request(2, "y", joined(parent, make_tokens(20, 4)), 4)).tokens == again.tokens);
}

void siblings_that_arrive_together_compute_the_prefix_once() {
  Rig rig({.hbm_blocks = 64, .dram_blocks = 0, .running_max = 8, .iteration_tokens_max = 200});
  const auto parent = make_tokens(256, 1);
  for (int64_t run = 0; run < 6; ++run) rig.submit(Rig::request(run, name_of("s", run), joined(parent, make_tokens(10, 10 + static_cast<uint64_t>(run))), 4));
  int32_t computed = 0;
  for (int64_t run = 0; run < 6; ++run) computed += rig.wait(run).ended[0].computed;
  EXPECT(computed <= 256 + 6 * 10);
  Rig cold;
  for (int64_t run = 0; run < 6; ++run) {
    EXPECT(cold.generate(Rig::request(run, name_of("c", run), joined(parent, make_tokens(10, 10 + static_cast<uint64_t>(run))), 4)).tokens == rig.outcomes[run].tokens);
  }
}

void same_prompt_again_computes_one_token() {
  Rig rig;
  const auto prompt = make_tokens(128, 1);
  const auto first = rig.generate(Rig::request(1, "a", prompt, 6)).tokens;
  const auto& again = rig.generate(Rig::request(2, "b", prompt, 6));
  EXPECT_EQ(again.ended[0].hit, 127);
  EXPECT_EQ(again.ended[0].computed, 1);
  EXPECT(again.tokens == first);
}

void another_salt_shares_nothing() {
  Rig rig;
  const auto prompt = make_tokens(130, 1);
  rig.generate(Rig::request(1, "a", prompt));
  RunRequest other = Rig::request(2, "b", prompt);
  other.salt[0] = 1;
  EXPECT_EQ(rig.generate(std::move(other)).ended[0].hit, 0);
}

void diverging_lane_keeps_what_still_agrees() {
  Rig rig;
  const auto prompt = make_tokens(200, 1);
  rig.generate(Rig::request(1, "a", prompt, 4));
  const auto shorter = joined({prompt.begin(), prompt.begin() + 150}, make_tokens(40, 9));
  const auto& out = rig.generate(Rig::request(2, "a", shorter, 4));
  EXPECT_EQ(out.ended[0].hit, 150);
  Rig cold;
  EXPECT(cold.generate(Rig::request(1, "b", shorter, 4)).tokens == out.tokens);
}

void demoted_lane_comes_back_with_the_same_tokens() {
  Rig rig;
  const auto prompt = make_tokens(200, 1);
  const auto first = rig.generate(Rig::request(1, "a", prompt, 6)).tokens;
  rig.loop->demote("a");
  const MovedEvent demoted = rig.wait_moved("a");
  EXPECT_EQ(demoted.blocks, 4);  // three full ones and the partial last one
  EXPECT(!demoted.is_cancelled && demoted.kind == MoveKind::kDemote);
  EXPECT_EQ(rig.loop->stats().hbm_free, 32);
  const auto more = joined(joined(prompt, first), make_tokens(5, 2));
  const auto& next = rig.generate(Rig::request(2, "a", more, 6));
  EXPECT_EQ(next.ended[0].recalled, 205);
  EXPECT_EQ(next.ended[0].hit, 0);
  EXPECT_EQ(next.ended[0].computed, 6);
  Rig cold;
  EXPECT(cold.generate(Rig::request(1, "b", more, 6)).tokens == next.tokens);

  rig.loop->demote("a");
  rig.wait_moved("a");
  rig.loop->recall("a");
  const MovedEvent recalled = rig.wait_moved("a");
  EXPECT(recalled.kind == MoveKind::kRecall && !recalled.is_cancelled);
  EXPECT_EQ(recalled.blocks, 4);
  const auto longer = joined(joined(more, next.tokens), make_tokens(5, 3));
  EXPECT_EQ(rig.generate(Rig::request(3, "a", longer, 6)).ended[0].hit, 216);
}

void demotion_spares_what_another_lane_wants() {
  Rig rig;
  const auto shared = make_tokens(128, 1);
  rig.generate(Rig::request(1, "a", joined(shared, make_tokens(70, 2)), 1));
  rig.generate(Rig::request(2, "b", joined(shared, make_tokens(70, 3)), 1));
  rig.loop->demote("a");
  EXPECT_EQ(rig.wait_moved("a").blocks, 2);
  rig.loop->demote("b");
  EXPECT_EQ(rig.wait_moved("b").blocks, 4);
}

void pinned_lane_stays() {
  Rig rig({.hbm_blocks = 8, .dram_blocks = 0, .running_max = 4, .iteration_tokens_max = 64});
  const auto kept = make_tokens(128, 1);
  rig.generate(Rig::request(1, "kept", kept, 1));
  rig.loop->pin("kept", Tier::kHbm);
  rig.loop->demote("kept");
  EXPECT_EQ(rig.wait_moved("kept").blocks, 0);
  for (int64_t run = 2; run < 8; ++run) rig.generate(Rig::request(run, name_of("other", run), make_tokens(190, static_cast<uint64_t>(run)), 1));
  EXPECT_EQ(rig.generate(Rig::request(9, "kept", joined(kept, make_tokens(3, 5)), 1)).ended[0].hit, 128);
}

void retained_lane_outlives_a_newer_one() {
  Rig rig({.hbm_blocks = 8, .dram_blocks = 0, .running_max = 4, .iteration_tokens_max = 64});
  rig.generate(Rig::request(1, "old", make_tokens(128, 1), 1));
  rig.loop->retain("old", 5);
  for (int64_t run = 2; run < 8; ++run) rig.generate(Rig::request(run, name_of("new", run), make_tokens(190, static_cast<uint64_t>(run)), 1));
  EXPECT_EQ(rig.generate(Rig::request(9, "old", joined(make_tokens(128, 1), {1}), 1)).ended[0].hit, 128);
}

void pressure_pushes_to_dram_and_brings_back() {
  for (const int32_t dram : {32, 0}) {
    Rig rig({.hbm_blocks = 8, .dram_blocks = dram, .running_max = 4, .iteration_tokens_max = 64});
    Rig roomy({.hbm_blocks = 128, .dram_blocks = 0, .running_max = 4, .iteration_tokens_max = 64});
    std::map<std::string, std::vector<int32_t>> lanes;
    int32_t recalled = 0;
    for (int64_t run = 0; run < 24; ++run) {
      const std::string lane = name_of("l", run % 4);
      lanes[lane] = joined(lanes[lane], make_tokens(40, static_cast<uint64_t>(run)));
      const auto& out = rig.generate(Rig::request(run, lane, lanes[lane], 5));
      EXPECT(out.ended[0].finish == Finish::kLength);
      EXPECT(out.tokens == roomy.generate(Rig::request(run, lane, lanes[lane], 5)).tokens);
      recalled += out.ended[0].recalled;
      lanes[lane] = joined(lanes[lane], out.tokens);
    }
    EXPECT((recalled > 0) == (dram > 0));
    EXPECT(rig.loop->stats().evicted > 0);
    std::set<std::pair<Tier, BlockName>> truth;
    for (const BlockEvent& block : rig.loop->snapshot()) truth.insert({block.tier, block.name});
    EXPECT(truth == rig.directory);
  }
}

void what_never_fits_is_told_with_numbers() {
  Rig rig({.hbm_blocks = 4, .dram_blocks = 4, .running_max = 4, .iteration_tokens_max = 64});
  const auto& out = rig.generate(Rig::request(1, "a", make_tokens(200, 1), 100));
  EXPECT(out.ended[0].finish == Finish::kFailed);
  EXPECT_EQ(out.ended[0].message, "prompt of 200 + maxTokens 100 needs 5 blocks; the arena has 4");
  EXPECT(rig.generate(Rig::request(2, "a", make_tokens(200, 1), 57)).ended[0].finish == Finish::kLength);
}

void smaller_priority_runs_first() {
  Rig rig({.hbm_blocks = 32, .dram_blocks = 0, .running_max = 1, .iteration_tokens_max = 8});
  rig.submit(Rig::request(1, "a", make_tokens(600, 1), 4));
  for (int64_t run = 2; run < 6; ++run) {
    RunRequest request = Rig::request(run, name_of("l", run), make_tokens(20, static_cast<uint64_t>(run)), 2);
    request.priority = 10 - static_cast<double>(run);
    rig.submit(std::move(request));
  }
  rig.loop->set_priority(2, 1);
  for (int64_t run = 1; run < 6; ++run) rig.wait(run);
  EXPECT((rig.start_order == std::vector<int64_t>{1, 2, 5, 4, 3}));
}

void cancelled_runs_end_once() {
  Rig rig({.hbm_blocks = 64, .dram_blocks = 0, .running_max = 1, .iteration_tokens_max = 8});
  rig.submit(Rig::request(1, "a", make_tokens(100, 1), 3000));
  rig.submit(Rig::request(2, "b", make_tokens(100, 2), 8));
  rig.loop->cancel(2);
  rig.loop->cancel(77);
  EXPECT(rig.wait(2).ended[0].finish == Finish::kCancelled);
  EXPECT_EQ(rig.outcomes[2].ended[0].generated, 0);
  rig.until([&] { return rig.outcomes[1].tokens.size() >= 3; });
  rig.loop->cancel(1);
  EXPECT(rig.wait(1).ended[0].finish == Finish::kCancelled);
  EXPECT_EQ(rig.wait(1).tokens.size(), static_cast<size_t>(rig.outcomes[1].ended[0].generated));
  EXPECT(rig.generate(Rig::request(3, "a", joined(make_tokens(100, 1), rig.outcomes[1].tokens), 1)).ended[0].hit >= 100);
}

void sampling_does_not_depend_on_the_batch() {
  const auto sampled = [](int64_t run) {
    RunRequest request = Rig::request(run, name_of("l", run), make_tokens(30 + static_cast<int32_t>(run) * 7, static_cast<uint64_t>(run)), 20);
    request.sampling = {0.8, 40, 0.95, 1000 + static_cast<uint64_t>(run)};
    request.logprobs = 3;
    return request;
  };
  Rig together, alone;
  for (int64_t run = 0; run < 6; ++run) together.submit(sampled(run));
  for (int64_t run = 0; run < 6; ++run) {
    const Outcome& a = together.wait(run);
    const Outcome& b = alone.generate(sampled(run));
    EXPECT(a.tokens == b.tokens);
    EXPECT_EQ(a.logprobs.size(), 20u);
    for (size_t i = 0; i < 20; ++i) {
      EXPECT(a.logprobs[i].logprob == b.logprobs[i].logprob && a.logprobs[i].top.size() == 3);
      EXPECT(a.logprobs[i].token == a.tokens[i]);
    }
  }
}

void stop_string_ends_at_the_token_that_completes_it() {
  Rig rig;
  const auto prompt = make_tokens(40, 1);
  const auto free = rig.generate(Rig::request(1, "a", prompt, 12)).tokens;
  std::string stop;
  for (const size_t i : {5, 6}) stop += static_cast<char>(' ' + free[i] % 64);
  RunRequest request = Rig::request(2, "b", prompt, 12);
  request.stop = {"never this one", stop};
  const Outcome& out = rig.generate(std::move(request));
  EXPECT(out.ended[0].finish == Finish::kStop);
  EXPECT(out.tokens.size() <= 7 && std::equal(out.tokens.begin(), out.tokens.end(), free.begin()));
}

void bad_requests_are_refused_with_codes() {
  Rig rig({.hbm_blocks = 4, .dram_blocks = 4, .running_max = 1, .iteration_tokens_max = 64, .waiting_max = 2}, 256);
  EXPECT_EQ(rig.refusal(Rig::request(1, "a", {})), "bad_argument");
  EXPECT_EQ(rig.refusal(Rig::request(1, "a", {1}, 0)), "bad_argument");
  EXPECT_EQ(rig.refusal(Rig::request(1, "a", {1, 97})), "token_range");
  EXPECT_EQ(rig.refusal(Rig::request(1, "a", {-1})), "token_range");
  EXPECT_EQ(rig.refusal(Rig::request(1, "a", make_tokens(256, 1))), "context_length");
  EXPECT_EQ(rig.generate(Rig::request(1, "a", make_tokens(250, 1), 100)).ended[0].generated, 6);  // clipped to the context
  std::string code;
  for (int64_t run = 10; run < 40 && code.empty(); ++run) code = rig.refusal(Rig::request(run, "q", make_tokens(200, 2), 50));
  EXPECT_EQ(code, "queue_full");
}

void orders_are_bounded_while_an_iteration_runs() {
  Rig rig;
  std::atomic<bool> is_entered = false, is_open = false;
  rig.backend->before_run = [&] {
    is_entered = true;
    is_entered.notify_all();
    is_open.wait(false);
  };
  rig.submit(Rig::request(1, "a", make_tokens(10, 1), 1));
  is_entered.wait(false);
  size_t taken = 0;
  while (taken <= Loop::kCommandsMax && rig.loop->retain("a", 1)) ++taken;
  EXPECT_EQ(taken, Loop::kCommandsMax);
  EXPECT(!rig.loop->demote("a"));
  is_open = true;
  is_open.notify_all();
  EXPECT(rig.wait(1).ended[0].finish == Finish::kLength);
}

void a_refused_iteration_fails_its_runs_only() {
  Rig rig;
  rig.backend->is_broken = true;
  EXPECT(rig.generate(Rig::request(1, "a", make_tokens(100, 1))).ended[0].finish == Finish::kFailed);
  rig.backend->is_broken = false;
  EXPECT(rig.generate(Rig::request(2, "a", make_tokens(100, 1))).ended[0].finish == Finish::kLength);
}

void an_iteration_without_memory_fails_its_runs_only() {
  Rig rig;
  rig.backend->before_run = [] { throw std::bad_alloc(); };
  const auto& ended = rig.generate(Rig::request(1, "a", make_tokens(100, 1))).ended[0];
  EXPECT(ended.finish == Finish::kFailed);
  EXPECT_EQ(ended.message, "the backend refused an iteration: status 3");
  rig.backend->before_run = nullptr;
  EXPECT(rig.generate(Rig::request(2, "a", make_tokens(100, 1))).ended[0].finish == Finish::kLength);
}

// 100 runs at once, and nobody takes what they say until all are over.
void what_a_slow_reader_leaves_is_one_delta_a_run() {
  constexpr int64_t kRuns = 100;
  Rig rig({.hbm_blocks = 256, .dram_blocks = 0, .running_max = kRuns, .iteration_tokens_max = 1000});
  for (int64_t run = 0; run < kRuns; ++run) rig.submit(Rig::request(run, name_of("l", run), make_tokens(10, static_cast<uint64_t>(run)), 40));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (rig.loop->stats().generated_tokens < kRuns * 40 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  rig.loop->stop();
  rig.loop->join();
  std::map<int64_t, size_t> deltas;
  std::vector<EngineEvent> events = rig.loop->take_events();
  for (size_t i = 0; i < events.size(); ++i) {
    if (const auto* delta = std::get_if<DeltaEvent>(&events[i])) {
      ++deltas[delta->run];
      EXPECT_EQ(delta->tokens.size(), 40u);
    }
    EXPECT(i == 0 || !std::holds_alternative<BlocksEvent>(events[i]) || !std::holds_alternative<BlocksEvent>(events[i - 1]));
  }
  EXPECT_EQ(deltas.size(), static_cast<size_t>(kRuns));
  for (const auto& [run, count] : deltas) EXPECT_EQ(count, 1u);
}

// The number of a run that ended may be given again before anybody read of its end.
void a_run_with_a_used_number_has_a_delta_of_its_own() {
  Rig rig;
  rig.generate(Rig::request(1, "a", make_tokens(10, 1), 3));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (uint64_t round = 1; round <= 2; ++round) {
    rig.submit(Rig::request(2, "b", make_tokens(10, 2), 3));
    while (rig.loop->stats().generated_tokens < 3 + 3 * round && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  rig.loop->stop();
  rig.loop->join();
  size_t deltas = 0;
  for (const EngineEvent& event : rig.loop->take_events()) {
    if (const auto* delta = std::get_if<DeltaEvent>(&event)) deltas += delta->offset == 0 && delta->tokens.size() == 3 ? 1 : 0;
  }
  EXPECT_EQ(deltas, 2u);
}

void stopping_ends_every_run() {
  Rig rig({.hbm_blocks = 64, .dram_blocks = 0, .running_max = 1, .iteration_tokens_max = 8});
  for (int64_t run = 0; run < 5; ++run) rig.submit(Rig::request(run, "l", make_tokens(100, 1), 3000));
  rig.loop->stop();
  rig.loop->join();
  for (int64_t run = 0; run < 5; ++run) EXPECT(rig.wait(run).ended[0].finish == Finish::kCancelled);
  EXPECT_EQ(rig.refusal(Rig::request(9, "l", {1})), "closed");
}

void stopping_in_the_middle_of_copies_outlives_them_and_tells_the_moves_cancelled() {
  for (int round = 0; round < 20; ++round) {
    Rig rig({.hbm_blocks = 8, .dram_blocks = 8, .running_max = 1, .iteration_tokens_max = 512}, 4096, size_t{2} << 20);
    rig.generate(Rig::request(1, "a", make_tokens(500, 1), 1));
    EXPECT(rig.loop->demote("a"));
    if (round % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100 * round));  // into the copies, or before they are queued
    rig.loop->stop();
    rig.loop->join();
    EXPECT(rig.wait_moved("a").kind == MoveKind::kDemote);  // cancelled, unless it was over by then
    EXPECT(rig.moved.empty());
  }
}

void runs_of_one_lane_at_once_do_not_disturb_each_other() {
  Rig rig;
  const auto prompt = make_tokens(100, 1);
  rig.generate(Rig::request(1, "a", prompt, 2));
  for (int64_t run = 2; run < 6; ++run) rig.submit(Rig::request(run, "a", joined(prompt, make_tokens(5, static_cast<uint64_t>(run))), 40));
  Rig cold;
  for (int64_t run = 2; run < 6; ++run) {
    EXPECT(rig.wait(run).tokens == cold.generate(Rig::request(run, "c", joined(prompt, make_tokens(5, static_cast<uint64_t>(run))), 40)).tokens);
  }
}

void many_lanes_stay_bounded() {
  Rig rig({.hbm_blocks = 16, .dram_blocks = 16, .running_max = 4, .iteration_tokens_max = 64, .lanes_max = 10});
  for (int64_t run = 0; run < 40; ++run) rig.generate(Rig::request(run, name_of("l", run), make_tokens(70, static_cast<uint64_t>(run)), 1));
  EXPECT_EQ(rig.loop->stats().lanes, 10);
}

}  // namespace

int main() {
#define CASE(name) std::fprintf(stderr, "%s\n", #name), name()
  CASE(cold_run_generates_what_the_formula_says);
  CASE(continuation_hits_all_but_the_new_tokens);
  CASE(fork_shares_full_blocks_and_copies_the_partial_one);
  CASE(siblings_that_arrive_together_compute_the_prefix_once);
  CASE(same_prompt_again_computes_one_token);
  CASE(another_salt_shares_nothing);
  CASE(diverging_lane_keeps_what_still_agrees);
  CASE(demoted_lane_comes_back_with_the_same_tokens);
  CASE(demotion_spares_what_another_lane_wants);
  CASE(pinned_lane_stays);
  CASE(retained_lane_outlives_a_newer_one);
  CASE(pressure_pushes_to_dram_and_brings_back);
  CASE(what_never_fits_is_told_with_numbers);
  CASE(smaller_priority_runs_first);
  CASE(cancelled_runs_end_once);
  CASE(sampling_does_not_depend_on_the_batch);
  CASE(stop_string_ends_at_the_token_that_completes_it);
  CASE(bad_requests_are_refused_with_codes);
  CASE(orders_are_bounded_while_an_iteration_runs);
  CASE(a_refused_iteration_fails_its_runs_only);
  CASE(an_iteration_without_memory_fails_its_runs_only);
  CASE(what_a_slow_reader_leaves_is_one_delta_a_run);
  CASE(a_run_with_a_used_number_has_a_delta_of_its_own);
  CASE(stopping_ends_every_run);
  CASE(stopping_in_the_middle_of_copies_outlives_them_and_tells_the_moves_cancelled);
  CASE(runs_of_one_lane_at_once_do_not_disturb_each_other);
  CASE(many_lanes_stay_bounded);
  std::puts("loop: ok");
}
