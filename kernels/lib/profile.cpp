#include "profile.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace slackwater {

const char* profile_op_name(ProfileOp op) {
  constexpr std::array<const char*, kProfileOps> kNames = {"embedding", "gemm qkv", "attention", "gemm output", "gemm gate up", "gemm down",
                                                           "norm, quantise", "gemm logits", "backend, all", "sampling", "loop"};
  return kNames[static_cast<size_t>(op)];
}

bool Profile::is_wanted() {
  const char* given = std::getenv("SLACKWATER_PROFILE");
  return given != nullptr && std::strcmp(given, "1") == 0;
}

double Profile::share_of_ceiling(const Row& row) const {
  const double least_ms = 1000 * std::max(row.flops / peak_.flops_per_s, row.bytes / peak_.bytes_per_s);
  return row.ms > 0 ? least_ms / row.ms : 0;
}

std::string Profile::table() const {
  char line[160];
  std::snprintf(line, sizeof line, "%-16s %8s %10s %6s %10s %10s %8s   (ceilings: %.0f Gop/s, %.1f GB/s)\n", "op", "calls", "ms", "share", "GB/s", "Gop/s", "ceiling",
                peak_.flops_per_s / 1e9, peak_.bytes_per_s / 1e9);
  std::string text = line;
  double all = 0;
  for (const ProfileOp op : {ProfileOp::kBackend, ProfileOp::kSampling, ProfileOp::kLoop}) all += rows_[static_cast<size_t>(op)].ms;
  for (size_t i = 0; i < kProfileOps; ++i) {
    const Row& row = rows_[i];
    if (row.calls == 0) continue;
    const double s = std::max(row.ms, 1e-9) / 1000;
    std::snprintf(line, sizeof line, "%-16s %8llu %10.1f %5.1f%% %10.2f %10.1f %7.1f%%\n", profile_op_name(static_cast<ProfileOp>(i)), static_cast<unsigned long long>(row.calls), row.ms,
                  all > 0 ? 100 * row.ms / all : 0.0, row.bytes / s / 1e9, row.flops / s / 1e9, 100 * share_of_ceiling(row));
    text += line;
  }
  return text;
}

}  // namespace slackwater
