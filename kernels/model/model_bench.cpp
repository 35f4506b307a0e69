// Tokens per second of the cpu backend on the real model.
//   bench_model [--isa auto|scalar|avx2|avx512] [--mode auto|exact|compact|fast] [--threads 2] [--repeat 3] [case ...]
// Cases: prefill-512 prefill-2048 decode-1 decode-16 append-256@2k (all by default). Prints median, minimum, maximum; with
// SLACKWATER_PROFILE=1 also where the time went, the steps before the measured ones included.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>

#include "../lib/profile.h"
#include "test_model.h"

namespace slackwater {
namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Tokens per second of each case, run once.
std::map<std::string, std::function<double(Backend&)>> cases() {
  const auto prefill = [](int32_t rows) {
    return [rows](Backend& backend) {
      TestSequences run(backend, 1, rows);
      const double begin = seconds();
      run.append(rows);
      return rows / (seconds() - begin);
    };
  };
  const auto decode = [](int32_t sequences, int32_t steps) {
    return [=](Backend& backend) {
      TestSequences run(backend, sequences, 128 + steps);
      run.append(128);
      const double begin = seconds();
      for (int32_t i = 0; i < steps; ++i) run.append(1);
      return sequences * steps / (seconds() - begin);
    };
  };
  const auto append = [](Backend& backend) {
    TestSequences run(backend, 1, 2048 + 256);
    for (int i = 0; i < 8; ++i) run.append(256);
    const double begin = seconds();
    run.append(256);
    return 256 / (seconds() - begin);
  };
  return {{"prefill-512", prefill(512)}, {"prefill-2048", prefill(2048)}, {"decode-1", decode(1, 64)}, {"decode-16", decode(16, 32)}, {"append-256@2k", append}};
}

int bench(int argc, char** argv) {
  Isa isa = best_isa();
  WeightMode mode = WeightMode::kAuto;
  int threads = 2, repeat = 3;
  std::vector<std::string> chosen;
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc;
    if (std::strcmp(argv[i], "--isa") == 0 && has_value) {
      if (!find_isa(argv[++i], isa)) return std::fprintf(stderr, "isa '%s' is not known or not here\n", argv[i]), 2;
    } else if (std::strcmp(argv[i], "--mode") == 0 && has_value) {
      if (!find_weight_mode(argv[++i], mode)) return std::fprintf(stderr, "mode '%s' is not known\n", argv[i]), 2;
    } else if (std::strcmp(argv[i], "--threads") == 0 && has_value) {
      threads = std::atoi(argv[++i]);
    } else if (std::strcmp(argv[i], "--repeat") == 0 && has_value) {
      repeat = std::max(1, std::atoi(argv[++i]));
    } else {
      chosen.push_back(argv[i]);
    }
  }
  const double begin = seconds();
  const auto backend = load_test_backend(BackendKind::kCpu, isa, threads, mode);
  std::printf("%s, %d threads, loaded in %.2f s\n", backend->numerics(), threads, seconds() - begin);
  for (const auto& [name, run] : cases()) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), name) == chosen.end()) continue;
    std::optional<Profile> profile;
    if (Profile::is_wanted()) backend->set_profile(&profile.emplace(threads));
    std::vector<double> rates;
    for (int i = 0; i < repeat; ++i) rates.push_back(run(*backend));
    std::sort(rates.begin(), rates.end());
    std::printf("%-14s %8.1f tok/s  (min %.1f, max %.1f)\n", name.c_str(), rates[rates.size() / 2], rates.front(), rates.back());
    if (profile) std::printf("%s\n", profile->table().c_str());
    backend->set_profile(nullptr);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace slackwater

int main(int argc, char** argv) { return slackwater::bench(argc, argv); }
