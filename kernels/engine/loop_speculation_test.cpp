// Guessed tokens change when things come out, never what comes out. `loop_speculation_test SEED` replays one seed.
#include "loop_rig.h"

using namespace slackwater;

namespace {

const LoopOptions kRoomy = {.hbm_blocks = 128, .dram_blocks = 0, .running_max = 8, .iteration_tokens_max = 512};

LoopOptions without_guesses() {
  LoopOptions options = kRoomy;
  options.is_speculating = false;
  return options;
}

void the_same_tokens_and_logprobs_come_with_guesses_as_without(uint64_t seed) {
  uint64_t state = seed;
  const auto draw = [&](uint64_t below) { return (state = ToyBackend::mix(state, 7)) % below; };
  const int habit = static_cast<int>(5 + draw(6));
  Rig with(kRoomy, 4096, kBlockTokens * sizeof(uint64_t), habit), without(without_guesses(), 4096, kBlockTokens * sizeof(uint64_t), habit);
  std::vector<RunRequest> asked;
  for (int64_t run = 0; run < 6; ++run) {
    auto prompt = make_tokens(static_cast<int32_t>(20 + draw(120)), seed * 10 + draw(4));
    if (draw(2) == 0) prompt = joined(prompt, prompt);  // repeats itself
    RunRequest request = Rig::request(run, name_of("l", run), prompt, static_cast<int32_t>(1 + draw(150)));
    if (draw(2) == 0) request.sampling = {0.3 + 0.1 * static_cast<double>(draw(8)), static_cast<int32_t>(draw(3) * 10), 0.9, draw(1000)};
    if (draw(2) == 0) request.logprobs = static_cast<int32_t>(draw(4));
    if (draw(3) == 0) request.stop = {std::string(1, static_cast<char>(' ' + draw(64))) + static_cast<char>(' ' + draw(64))};
    asked.push_back(request);
    with.submit(request);
    without.submit(std::move(request));
  }
  for (const RunRequest& request : asked) {
    const Outcome& a = with.wait(request.run);
    const Outcome& b = without.wait(request.run);
    EXPECT(a.tokens == b.tokens);
    EXPECT(a.ended[0].finish == b.ended[0].finish);
    EXPECT(a.ended[0].chain == b.ended[0].chain);
    EXPECT_EQ(a.logprobs.size(), b.logprobs.size());
    for (size_t i = 0; i < a.logprobs.size(); ++i) {
      EXPECT(a.logprobs[i].token == b.logprobs[i].token && a.logprobs[i].logprob == b.logprobs[i].logprob && a.logprobs[i].top.size() == b.logprobs[i].top.size());
    }
    // Continued and forked, what is cached must be what was settled: no rejected token's KV is found.
    auto more = joined(request.tokens, a.tokens);
    more.push_back(static_cast<int32_t>(draw(97)));
    const auto fork = joined({more.begin(), more.end() - 2}, make_tokens(9, draw(9)));
    EXPECT(with.generate(Rig::request(100 + request.run, request.lane, more, 20)).tokens == without.generate(Rig::request(100 + request.run, request.lane, more, 20)).tokens);
    EXPECT(with.generate(Rig::request(200 + request.run, name_of("f", request.run), fork, 20)).tokens ==
           without.generate(Rig::request(200 + request.run, name_of("f", request.run), fork, 20)).tokens);
  }
  EXPECT_EQ(without.loop->stats().drafted_tokens, 0u);
}

void right_guesses_save_iterations() {
  Timed timed(kRoomy, 10, 0.1, 10);  // weights first: a row more is cheap
  timed.rig.generate(Rig::request(1, "a", make_tokens(50, 1), 800));
  const LoopStats stats = timed.rig.loop->stats();
  EXPECT(stats.drafted_tokens > 0 && stats.accepted_tokens > 400);
  EXPECT(stats.iterations < 300);
}

void right_guesses_are_told_with_the_iteration_they_came_from() {
  Timed timed(kRoomy, 30, 0.1, 10);  // longer than tokens are held back
  std::atomic<bool> is_held = false, is_open = false;
  timed.on_batch = [&](const Batch&, double) {
    if (timed.rig.loop->stats().accepted_tokens < 50) return;
    is_held = true;
    is_held.notify_all();
    is_open.wait(false);
  };
  timed.rig.submit(Rig::request(1, "a", make_tokens(50, 1), 800));
  is_held.wait(false);
  timed.rig.until([] { return true; });
  EXPECT_EQ(timed.rig.outcomes[1].tokens.size(), timed.rig.loop->stats().generated_tokens);
  is_open = true;
  is_open.notify_all();
  EXPECT_EQ(timed.rig.wait(1).tokens.size(), 800u);
}

void guesses_leave_a_block_to_a_prefill() {
  constexpr int32_t kDecoding = 15, kPrompt = 640;
  Timed timed({.hbm_blocks = 1024, .dram_blocks = 0, .running_max = kDecoding + 1, .iteration_tokens_max = 80}, 10, 0.1, 10);
  std::atomic<bool> is_held = false, is_open = false;
  std::atomic<int> chunks = 0;
  timed.on_batch = [&](const Batch& batch, double) {
    for (int32_t s = 0; is_open && s < batch.sequences; ++s) chunks += batch.views[s].start < kPrompt ? 1 : 0;
    if (timed.rig.loop->stats().accepted_tokens < 400) return;
    is_held = true;
    is_held.notify_all();
    is_open.wait(false);
  };
  for (int64_t run = 0; run < kDecoding; ++run) timed.rig.submit(Rig::request(run, name_of("l", run), make_tokens(kPrompt + 60, static_cast<uint64_t>(run)), 2000));
  is_held.wait(false);
  timed.rig.submit(Rig::request(100, "late", make_tokens(kPrompt, 100), 1));
  is_open = true;
  is_open.notify_all();
  timed.rig.wait(100);
  EXPECT_EQ(chunks.load(), kPrompt / kBlockTokens);
  timed.rig.wait(0);
  EXPECT(timed.rig.ended_before(100, 0));
}

void guesses_that_cost_as_much_as_they_save_are_left_out() {
  Timed timed(kRoomy, 0.01, 10, 10);  // every row costs its full price
  timed.rig.generate(Rig::request(1, "a", make_tokens(50, 1), 800));
  EXPECT(timed.rig.loop->stats().drafted_tokens < 80);  // before the price is known
}

void guesses_that_never_come_true_are_tried_seldom() {
  Timed timed(kRoomy, 10, 2, 0);
  std::vector<int32_t> prompt;
  for (int i = 0; i < 100; ++i) prompt = joined(prompt, make_tokens(97, 1));  // every pair stood there before
  prompt.resize(2000);
  timed.rig.generate(Rig::request(1, "a", prompt, 1500));
  const LoopStats stats = timed.rig.loop->stats();
  EXPECT(stats.drafted_tokens < 200);
}

void a_stop_string_inside_the_guesses_ends_the_run_at_its_token() {
  Timed plain(without_guesses(), 10, 0.1, 10), guessing(kRoomy, 10, 0.1, 10);
  const auto prompt = make_tokens(50, 1);
  const auto free = plain.rig.generate(Rig::request(1, "a", prompt, 300)).tokens;
  for (size_t at = 200; at < 212; ++at) {
    RunRequest request = Rig::request(static_cast<int64_t>(at), "b", prompt, 300);
    std::string stop;
    for (size_t i = at - 120; i <= at; ++i) stop += static_cast<char>(' ' + free[i] % 64);
    request.stop = {stop};
    const Outcome& a = guessing.rig.generate(request);
    const Outcome& b = plain.rig.generate(std::move(request));
    EXPECT(a.ended[0].finish == Finish::kStop && a.tokens == b.tokens);
  }
  EXPECT(guessing.rig.loop->stats().accepted_tokens > 100);
}

void the_last_token_is_the_last_whatever_was_guessed() {
  for (int32_t most = 90; most < 100; ++most) {
    Timed timed(kRoomy, 10, 0.1, 10);
    const Outcome& out = timed.rig.generate(Rig::request(1, "a", make_tokens(50, 1), most));
    EXPECT_EQ(out.tokens.size(), static_cast<size_t>(most));
    EXPECT(out.ended[0].finish == Finish::kLength);
  }
  // And at the end of the context, with the reason.
  Rig rig(kRoomy, 256, kBlockTokens * sizeof(uint64_t), 10);
  const Outcome& out = rig.generate(Rig::request(1, "a", make_tokens(50, 1), 1000));
  EXPECT_EQ(out.tokens.size(), 206u);
  EXPECT_EQ(out.ended[0].message, "the context of 256 tokens is full");
}

void an_end_of_text_inside_the_guesses_ends_the_run() {
  // A cycle of habit 10 comes back to each of its tokens, and the prompt holds it twice: the one that ends the run is guessed.
  Timed free(without_guesses(), 10, 0.1, 10);
  const auto tokens = free.rig.generate(Rig::request(1, "a", make_tokens(50, 1), 300)).tokens;
  const auto prompt = joined(make_tokens(50, 1), {tokens.begin(), tokens.begin() + 200});
  for (size_t at = 240; at < 250; ++at) {  // each place among the guesses
    Timed plain(without_guesses(), 10, 0.1, 10, {tokens[at]}), guessing(kRoomy, 10, 0.1, 10, {tokens[at]});
    const Outcome& a = guessing.rig.generate(Rig::request(1, "a", prompt, 100));
    const Outcome& b = plain.rig.generate(Rig::request(1, "a", prompt, 100));
    EXPECT(a.ended[0].finish == Finish::kStop && b.ended[0].finish == Finish::kStop);
    EXPECT_EQ(a.tokens.size(), at - 199);
    EXPECT(a.tokens == b.tokens && a.ended[0].chain == b.ended[0].chain);
    EXPECT(guessing.rig.loop->stats().accepted_tokens > 0);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const uint64_t only = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
  for (uint64_t seed = only > 0 ? only : 1; seed <= (only > 0 ? only : 40); ++seed) {
    std::fprintf(stderr, "speculation: seed %llu\n", static_cast<unsigned long long>(seed));
    the_same_tokens_and_logprobs_come_with_guesses_as_without(seed);
  }
#define CASE(name) std::fprintf(stderr, "%s\n", #name), name()
  CASE(right_guesses_save_iterations);
  CASE(right_guesses_are_told_with_the_iteration_they_came_from);
  CASE(guesses_leave_a_block_to_a_prefill);
  CASE(guesses_that_cost_as_much_as_they_save_are_left_out);
  CASE(guesses_that_never_come_true_are_tried_seldom);
  CASE(a_stop_string_inside_the_guesses_ends_the_run_at_its_token);
  CASE(the_last_token_is_the_last_whatever_was_guessed);
  CASE(an_end_of_text_inside_the_guesses_ends_the_run);
  std::puts("speculation: ok");
}
