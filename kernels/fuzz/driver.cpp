// Runs a fuzz target without libFuzzer: its seeds, each cut at every byte, and then random mutations of them until the
// time is over. Knows nothing of coverage, so it finds less an hour; but it is there with every compiler.
//   <target> [--seconds N] [--seed FIRST]     mutations FIRST, FIRST + 1, ...; the gate's few seconds by default
//   <target> --one SEED                       one mutation again
//   <target> --write FOLDER                   the seeds as files, and words.dict, for libFuzzer
//   <target> FILE...                          these inputs
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "../lib/check.h"
#include "fuzz.h"

using namespace slackwater;

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*)());  // Of the sanitizers' runtime, where there is one.

namespace {

constexpr double kGateSeconds = 2;
constexpr size_t kInputBytesMax = 1 << 16;
constexpr int kChangesMax = 5;

std::vector<std::string> seeds, words;
char current[80] = "";  // What is running; empty when nothing is.

void tell_current() {
  if (current[0] != '\0') std::fprintf(stderr, "fuzz: it was %s\n", current);
}

void tell_signal(int signal) {
  tell_current();
  std::_Exit(128 + signal);
}

/// On the heap at its exact size, so that a sanitizer sees any step past the end.
void run(const std::string& input) {
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[input.size()]);
  std::memcpy(exact.get(), input.data(), input.size());
  LLVMFuzzerTestOneInput(exact.get(), input.size());
}

size_t place(const std::string& input, TestRandom& random) {
  // Headers are at the front, and that is where readers decide.
  const size_t end = random.below(4) == 0 ? input.size() : std::min<size_t>(input.size(), 1024);
  return end == 0 ? 0 : static_cast<size_t>(random.next() % end);
}

void change(std::string& input, TestRandom& random) {
  const size_t at = place(input, random);
  const auto some = [&](size_t most) { return static_cast<size_t>(1 + random.below(static_cast<int>(most))); };
  const std::string& word = words[random.next() % words.size()];
  switch (random.below(9)) {
    case 0: if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8))); break;
    case 1: if (!input.empty()) input[at] = static_cast<char>(random.next()); break;
    case 2: input.erase(at, some(24)); break;
    case 3: input.insert(at, word); break;
    case 4: input.replace(at, word.size(), word); break;
    case 5: input.insert(at, input.substr(place(input, random), some(80))); break;
    case 6: if (random.below(4) == 0) input.resize(at); break;
    case 7: {  // The end of another seed, where both have the same place.
      const std::string& other = seeds[random.next() % seeds.size()];
      if (random.below(4) == 0 && at < other.size()) input = input.substr(0, at) + other.substr(at);
      break;
    }
    default: {
      const size_t digit = input.find_first_of("0123456789", at);
      if (digit != std::string::npos) input[digit] = static_cast<char>('0' + random.below(10));
    }
  }
}

void run_mutation(uint64_t seed) {
  std::snprintf(current, sizeof current, "mutation %llu: --one %llu repeats it", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed));
  TestRandom random(seed);
  std::string input = seeds[random.next() % seeds.size()];
  for (int i = 1 + random.below(kChangesMax); i > 0; --i) change(input, random);
  // A header's length in front must fit it, or nothing behind it is ever read.
  if (random.below(2) == 0 && input.size() > 8) {
    const size_t end = input.rfind('}');
    const uint64_t length = end == std::string::npos || end < 8 ? 0 : end + 1 - 8;
    if (length > 0) std::memcpy(input.data(), &length, sizeof length);
  }
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
  run(input);
}

int write_seeds(const std::string& folder) {
  for (size_t i = 0; i < seeds.size(); ++i) {
    CHECK(std::ofstream(folder + "/seed-" + std::to_string(i), std::ios::binary) << seeds[i], "cannot write into %s", folder.c_str());
  }
  std::ofstream dictionary(folder + "/../words.dict");
  for (const std::string& word : words) {
    dictionary << '"';
    char hex[8];
    for (const char byte : word) {
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(byte));
      dictionary << hex;
    }
    dictionary << "\"\n";
  }
  CHECK(dictionary.flush(), "cannot write beside %s", folder.c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::atexit(tell_current);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(tell_current);
  else for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE}) std::signal(signal, tell_signal);
  seeds = fuzz_seeds();
  words = fuzz_words();
  double seconds = kGateSeconds;
  bool has_inputs = false;
  uint64_t first = 1;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const char* value = i + 1 < count ? arguments[i + 1] : "";
    if (argument == "--write") return write_seeds(value);
    if (argument == "--one") return run_mutation(std::strtoull(value, nullptr, 10)), 0;
    if (argument == "--seconds") seconds = std::strtod(value, nullptr), ++i;
    else if (argument == "--seed") first = std::strtoull(value, nullptr, 10), ++i;
    else {
      std::ifstream file(argument, std::ios::binary);
      CHECK(file, "cannot read %s", argument.c_str());
      run(std::string(std::istreambuf_iterator<char>(file), {}));
      has_inputs = true;
    }
  }
  if (has_inputs) return 0;
  size_t cuts = 0;
  for (size_t i = 0; i < seeds.size(); ++i) {
    for (size_t size = 0; size <= seeds[i].size(); ++size, ++cuts) {
      std::snprintf(current, sizeof current, "seed %zu, cut after %zu bytes", i, size);
      run(seeds[i].substr(0, size));
    }
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint64_t seed = first;
  for (; std::chrono::steady_clock::now() < end; ++seed) run_mutation(seed);
  current[0] = '\0';
  std::printf("fuzz: %zu seeds, %zu cuts of them, %llu mutations in %.0f s, without a fault\n", seeds.size(), cuts, static_cast<unsigned long long>(seed - first), seconds);
}
