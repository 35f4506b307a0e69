// Random work through the loop for as long as SLACKWATER_SOAK_SECONDS says (two seconds in the gate), on the toy backend and on
// the real model. `soak_test SEED` begins at that seed.
#include "soak_rig.h"

#include "../model/test_model.h"

using namespace slackwater;

int main(int count, char** arguments) {
  const uint64_t seed = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1;
  const double seconds = soak_seconds(2);
  const SoakPlan toy{"soak, toy", seconds / 2, seed, 1 << 30, 40, 400, 80, 97, true};
  Soak(toy, [] {
    auto made = std::make_unique<ToyBackend>(4096);
    made->habit = 8;
    return made;
  }).run();

  const std::shared_ptr<Backend> model = load_test_backend(BackendKind::kCpu, best_isa(), 1);
  const auto mutex = std::make_shared<std::mutex>();
  const SoakPlan real{"soak, real model", seconds / 2, seed, 1 << 30, 6, 130, 12, 40000};
  Soak(real, [&] { return std::make_unique<SharedBackend>(model, mutex); }).run();
}
