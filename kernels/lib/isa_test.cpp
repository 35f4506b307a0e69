#include "isa.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "check.h"

using namespace slackwater;

int main() {
  // Before the first question, whose answer stays.
  setenv("SLACKWATER_ISA", "scalar", 1);
  CHECK(best_isa() == Isa::kScalar, "SLACKWATER_ISA lowers the level");
  Isa isa = Isa::kAvx2;
  CHECK(find_isa("auto", isa) && isa == Isa::kScalar && find_isa("scalar", isa), "auto is what is left");
  for (const char* name : {"avx2", "avx512", "amx", "AMX", ""}) CHECK(!find_isa(name, isa), "'%s' is above it, or unknown", name);
  CHECK(std::strcmp(isa_name(Isa::kAmx), "amx") == 0 && std::strcmp(isa_numerics(Isa::kAmx), "avx512") == 0, "tiles are no numerics of their own");
  CHECK(std::strcmp(isa_numerics(Isa::kAvx2), "avx2") == 0, "other levels are");
  std::puts("isa: ok");
}
