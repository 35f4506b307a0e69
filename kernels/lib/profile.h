#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "peak.h"

namespace slackwater {

/// What an iteration's time is spent on.
enum class ProfileOp : uint8_t { kEmbedding, kQkv, kAttention, kOutput, kGateUp, kDown, kNorm, kLogits, kBackend, kSampling, kLoop };
constexpr size_t kProfileOps = 11;
const char* profile_op_name(ProfileOp op);

/// Sums over the iterations of one engine, by op. One thread at a time.
///
/// kBackend is a whole iteration of the backend, the ops before it its parts; kSampling and kLoop come on top of it.
class Profile {
 public:
  struct Row {
    uint64_t calls = 0;
    double ms = 0, bytes = 0, flops = 0;
  };

  /// Null unless SLACKWATER_PROFILE is 1: then nothing is measured, and each scope is one branch.
  static bool is_wanted();

  /// Measures the machine's ceilings, for about a tenth of a second.
  explicit Profile(int threads) : peak_(measure_peak(threads)) {}

  void add(ProfileOp op, double ms, double flops, double bytes) {
    Row& row = rows_[static_cast<size_t>(op)];
    ++row.calls;
    row.ms += ms;
    row.flops += flops;
    row.bytes += bytes;
  }
  const std::array<Row, kProfileOps>& rows() const { return rows_; }
  const Peak& peak() const { return peak_; }
  /// The time the row would have taken at the ceilings, as a share of the time it took: 1 is all the machine can do.
  double share_of_ceiling(const Row& row) const;
  /// A table for people, one line an op.
  std::string table() const;

 private:
  Peak peak_;
  std::array<Row, kProfileOps> rows_{};
};

/// Adds the time from here to the end of the block to `op`, if there is a profile. `flops` count a multiplication and an addition
/// as two; `bytes` are those that must come from memory at least once.
class ProfileScope {
 public:
  ProfileScope(Profile* profile, ProfileOp op, double flops = 0, double bytes = 0) : profile_(profile), op_(op), flops_(flops), bytes_(bytes) {
    if (profile_ != nullptr) start_ = std::chrono::steady_clock::now();
  }
  ~ProfileScope() {
    if (profile_ != nullptr) profile_->add(op_, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count(), flops_, bytes_);
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  Profile* profile_;
  ProfileOp op_;
  double flops_, bytes_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace slackwater
