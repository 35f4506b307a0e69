#pragma once

// What the tests of all ops share: sizes that hurt, sentinels around outputs, every level of this machine.

#include <initializer_list>
#include <vector>

#include "../lib/check.h"
#include "cpu_ops.h"

namespace slackwater {

constexpr int32_t kHurtingSizes[] = {1, 31, 33, 257, 989};

inline std::vector<float> random_values(TestRandom& random, size_t count, float scale = 1.0f) {
  std::vector<float> out(count);
  for (float& value : out) value = random.uniform() * scale;
  return out;
}

/// A float output between sentinels that a test looks at afterwards.
class Guarded {
 public:
  explicit Guarded(size_t count, float fill = 0) : values_(kGuard, kSentinel) {
    values_.resize(kGuard + count, fill);
    values_.resize(2 * kGuard + count, kSentinel);
  }
  float* data() { return values_.data() + kGuard; }
  size_t size() const { return values_.size() - 2 * kGuard; }
  void check(const char* what) const {
    for (size_t i = 0; i < kGuard; ++i) {
      CHECK(values_[i] == kSentinel && values_[values_.size() - 1 - i] == kSentinel, "%s wrote outside its output", what);
    }
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr float kSentinel = -12345.0f;
  std::vector<float> values_;
};

/// The tables of every level that this machine runs.
inline std::vector<const CpuOps*> every_level() {
  std::vector<const CpuOps*> out;
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
    const CpuOps* ops = find_cpu_ops(isa);
    if (ops == nullptr) continue;
    CHECK(ops->isa == isa, "the table of %s says %s", isa_name(isa), isa_name(ops->isa));
    out.push_back(ops);
  }
  return out;
}

}  // namespace slackwater
