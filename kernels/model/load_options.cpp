#include "load_options.h"

#include "../lib/memory.h"

namespace slackwater {

bool check_memory(const MemoryNeed& need, size_t available, Error& error) {
  // Each is below 2^53 (numbers of JavaScript, and kWeightsMax of four bytes): their sum fits.
  const size_t all = need.weights + need.hbm + need.dram + need.activations;
  if (all <= available) return true;
  error.set(kOutOfMemory, size_text(all) + " of memory are needed (weights " + size_text(need.weights) + ", hbm " + size_text(need.hbm) + ", dram " + size_text(need.dram) + ", activations " +
                              size_text(need.activations) + "); " + size_text(available) + " are available");
  return false;
}

}  // namespace slackwater
