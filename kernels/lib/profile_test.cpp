// The profile: sums by op, shares of the ceilings, a table, and nothing at all when it is off.
#include "profile.h"

#include <cmath>
#include <cstdlib>
#include <thread>

#include "check.h"

using namespace slackwater;

int main() {
  ::unsetenv("SLACKWATER_PROFILE");
  CHECK(!Profile::is_wanted(), "wanted without being asked for");
  ::setenv("SLACKWATER_PROFILE", "0", 1);
  CHECK(!Profile::is_wanted(), "wanted by 0");
  ::setenv("SLACKWATER_PROFILE", "1", 1);
  CHECK(Profile::is_wanted(), "not wanted by 1");

  Profile profile(1);
  const Peak peak = profile.peak();
  CHECK(peak.flops_per_s > 1e7 && peak.flops_per_s < 1e15, "%g operations a second", peak.flops_per_s);
  CHECK(peak.bytes_per_s > 1e7 && peak.bytes_per_s < 1e13, "%g bytes a second", peak.bytes_per_s);

  { const ProfileScope off(nullptr, ProfileOp::kQkv, 1, 1); }
  {
    const ProfileScope scope(&profile, ProfileOp::kAttention, 10, 20);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  profile.add(ProfileOp::kDown, 2000, peak.flops_per_s, peak.bytes_per_s / 2);  // a second's work in two
  profile.add(ProfileOp::kBackend, 2002, 0, 0);
  const Profile::Row& attention = profile.rows()[static_cast<size_t>(ProfileOp::kAttention)];
  CHECK(attention.calls == 1 && attention.ms >= 2 && attention.flops == 10 && attention.bytes == 20, "%f ms", attention.ms);
  CHECK(profile.rows()[static_cast<size_t>(ProfileOp::kQkv)].calls == 0, "a scope without a profile counted");
  CHECK(std::abs(profile.share_of_ceiling(profile.rows()[static_cast<size_t>(ProfileOp::kDown)]) - 0.5) < 1e-9, "share of the ceiling");
  const std::string table = profile.table();
  CHECK(table.find("gemm down") != std::string::npos && table.find("50.0%") != std::string::npos && table.find("gemm qkv") == std::string::npos, "%s", table.c_str());
  std::puts("profile: ok");
}
