// What the loop itself costs in an iteration, with a backend that computes next to nothing. `bench_loop [ITERATIONS]`
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "loop_rig.h"

using namespace slackwater;

namespace {

/// KV nobody reads, and logits of a vocabulary as large as a real one's, always the same.
class NullBackend final : public Backend {
 public:
  NullBackend(int32_t vocab, std::function<void()> on_iteration) : shape_{1, 8, 1, 1, 8, 8, vocab, 1 << 20}, on_iteration_(std::move(on_iteration)) {}
  const ModelShape& shape() const override { return shape_; }
  size_t block_bytes() const override { return 64; }
  const char* numerics() const override { return "null"; }
  Status run(const Batch& batch, std::byte*) override {
    for (int32_t i = 0; i < batch.logits_count; ++i) batch.logits[static_cast<size_t>(i) * static_cast<size_t>(shape_.vocab) + static_cast<size_t>(i % shape_.vocab)] = static_cast<float>(++count_);
    on_iteration_();
    return Status::kOk;
  }

 private:
  ModelShape shape_;
  std::function<void()> on_iteration_;
  uint64_t count_ = 0;
};

double thread_us() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

void measure(const char* what, int32_t runs, int32_t prompt, int32_t vocab, int iterations, bool is_speculating) {
  std::vector<double> samples;
  double last = -1;
  std::atomic<bool> is_done = false, is_open = false;
  auto backend = std::make_unique<NullBackend>(vocab, [&] {
    is_open.wait(false);
    const double now = thread_us();  // of the loop's thread: what others do meanwhile on this machine does not count
    if (last >= 0) samples.push_back(now - last);
    last = now;
    if (samples.size() >= static_cast<size_t>(iterations)) is_done = true;
  });
  Vocab words;
  for (int32_t i = 0; i < vocab; ++i) words.bytes.push_back("x");
  words.is_special.assign(static_cast<size_t>(vocab), 0);
  const int32_t tokens = (iterations + 500) * (is_speculating ? 1 + Drafter::kDraftMax : 1);
  LoopOptions options{.hbm_blocks = runs * ((prompt + tokens) / kBlockTokens + 2), .dram_blocks = 0, .running_max = runs, .iteration_tokens_max = 4096};
  options.is_speculating = is_speculating;
  Loop loop(std::move(backend), words, options, [] {});
  for (int64_t run = 0; run < runs; ++run) {
    Error error;
    loop.submit(Rig::request(run, name_of("l", run), make_tokens(prompt, static_cast<uint64_t>(run)), tokens), error);
    if (error) std::printf("%s\n", error.message.c_str());
  }
  is_open = true;
  is_open.notify_all();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_done && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    loop.take_events();
  }
  loop.stop();
  loop.join();
  samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 4));  // prefill, first touches
  std::sort(samples.begin(), samples.end());
  std::printf("%-44s median %7.1f us  p10 %7.1f us  p90 %7.1f us\n", what, samples[samples.size() / 2], samples[samples.size() / 10], samples[samples.size() * 9 / 10]);
}

}  // namespace

int main(int count, char** arguments) {
  const int iterations = count > 1 ? std::atoi(arguments[1]) : 2000;
  std::puts("the loop's own time per iteration (cpu time of its thread)");
  measure("1 sequence, vocabulary 97", 1, 100, 97, iterations, true);
  measure("64 sequences, vocabulary 97", 64, 100, 97, iterations, false);
  measure("64 sequences of 4,000, vocabulary 97", 64, 4000, 97, iterations, false);
  measure("64 sequences, vocabulary 97, guessing", 64, 100, 97, iterations, true);
  measure("64 sequences, vocabulary 49,152 (sampling)", 64, 100, 49152, iterations, false);
}
