// A steady iteration asks for no memory on the loop's thread: 64 sequences decoding, blocks filled and named, tokens handed over.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "loop_rig.h"

namespace {
thread_local uint64_t allocations = 0;
std::atomic<size_t> bytes_max = SIZE_MAX;  // more at once is refused
}

void* operator new(size_t bytes) {
  ++allocations;
  if (bytes > bytes_max) throw std::bad_alloc();
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  ++allocations;
  if (void* memory = std::aligned_alloc(static_cast<size_t>(alignment), (bytes + static_cast<size_t>(alignment) - 1) / static_cast<size_t>(alignment) * static_cast<size_t>(alignment))) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace slackwater;

namespace {

void steady_iterations_allocate_nothing(bool is_sampled, int habit) {
  constexpr int64_t kRuns = 64;
  constexpr int kWarm = 30, kCounted = 100;
  auto made = std::make_unique<ToyBackend>(4096);
  made->habit = habit;
  int steady = 0;
  uint64_t before = 0, named = 0;
  std::atomic<uint64_t> counted = UINT64_MAX;
  std::atomic<bool> is_open = false;  // nobody is done before everybody is there
  made->before_run = [&] { is_open.wait(false); };
  made->on_batch = [&](const Batch& batch) {  // on the loop's thread
    steady = batch.sequences == kRuns && batch.logits_count >= kRuns ? steady + 1 : 0;
    if (steady == kWarm) before = allocations;
    if (steady < kWarm) return;
    for (int32_t s = 0; s < batch.sequences; ++s) named += (batch.views[s].start + 1) % kBlockTokens == 0 ? 1 : 0;
    if (steady == kWarm + kCounted) counted = allocations - before;
  };
  Vocab vocab;
  for (int32_t i = 0; i < 97; ++i) vocab.bytes.push_back(std::string(1, static_cast<char>(' ' + i % 64)));
  vocab.is_special.assign(97, 0);
  Loop loop(std::move(made), vocab, {.hbm_blocks = 1024, .dram_blocks = 64, .running_max = 64, .iteration_tokens_max = 512}, [] {});
  for (int64_t run = 0; run < kRuns; ++run) {
    RunRequest request = Rig::request(run, name_of("l", run), make_tokens(40 + static_cast<int32_t>(run), static_cast<uint64_t>(run)), 700);
    if (is_sampled) request.sampling = {0.8, 20, 0.9, static_cast<uint64_t>(run)};
    request.stop = {"~never~"};
    Error error;
    loop.submit(std::move(request), error);
    EXPECT(!error);
  }
  is_open = true;
  is_open.notify_all();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (counted == UINT64_MAX && std::chrono::steady_clock::now() < deadline) {
    loop.take_events();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  loop.stop();
  loop.join();
  std::fprintf(stderr, "%llu allocations in %d iterations of 64 sequences, %llu blocks filled, %llu tokens guessed\n", static_cast<unsigned long long>(counted.load()),
               kCounted, static_cast<unsigned long long>(named), static_cast<unsigned long long>(loop.stats().drafted_tokens));
  EXPECT(named >= 64);
  if (habit > 0) EXPECT(loop.stats().drafted_tokens > 0 && loop.stats().accepted_tokens > 0);
  EXPECT_EQ(counted.load(), 0u);
}

void a_run_without_memory_for_its_tokens_fails_alone() {
  Rig rig({.hbm_blocks = 8192, .dram_blocks = 0, .running_max = 4, .iteration_tokens_max = 64}, 1 << 20);
  bytes_max = 1 << 20;
  const EndedEvent ended = rig.generate(Rig::request(1, "a", make_tokens(40, 1), 500000)).ended[0];
  bytes_max = SIZE_MAX;
  EXPECT(ended.finish == Finish::kFailed);
  EXPECT_EQ(ended.message, "no memory for a run of 40 + maxTokens 500000 tokens");
  EXPECT_EQ(rig.generate(Rig::request(2, "a", make_tokens(40, 1), 5)).tokens.size(), 5u);
  EXPECT_EQ(rig.loop->stats().waiting + rig.loop->stats().running, 0);
  EXPECT_EQ(rig.loop->stats().hbm_available, 8192);
}

}  // namespace

int main() {
  steady_iterations_allocate_nothing(false, 0);
  steady_iterations_allocate_nothing(true, 0);
  steady_iterations_allocate_nothing(false, 8);
  a_run_without_memory_for_its_tokens_fails_alone();
  std::puts("loop, allocations: ok");
}
