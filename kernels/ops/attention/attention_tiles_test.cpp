// Attention on tiles through an emulation of the instructions, on any machine; through the instructions themselves where they are.
// (attention_trap_test runs the machine code as built for them.)
#define SLACKWATER_ISA scalar
#include "attention_tiles.h"

#include "../tiles/emulated_tiles.h"
#include "attention_cases.h"

using namespace slackwater;

namespace {

Status attend_emulated(const AttentionArgs& args) {
  const Status status = check_attention(args);
  if (status != Status::kOk) return status;
  EmulatedTiles tiles;
  scalar::attend_on_tiles(tiles, args);
  CHECK(!tiles.is_configured(), "the tiles are released");
  return status;
}

/// One bit of one value is wrong.
Status attend_wrongly(const AttentionArgs& args) {
  const Status status = find_cpu_ops(Isa::kScalar)->attention(args);
  *args.out = std::nextafter(*args.out, INFINITY);
  return status;
}

}  // namespace

int main() {
  const CpuOps& vectors = *find_cpu_ops(Isa::kScalar);
  for (const AttentionCase& c : kAttentionCases) check_attention_case(attend_emulated, vectors, c);
  CHECK(attention_agrees(attend_emulated, vectors), "true tiles agree");
  CHECK(!attention_agrees(attend_wrongly, vectors), "one bit is seen");
  const CpuOps* ops = best_isa() == Isa::kAmx ? find_cpu_ops(Isa::kAmx) : nullptr;
  if (ops != nullptr) {
    CHECK(ops->isa == Isa::kAmx, "this machine's tiles fail their own test");
    for (const AttentionCase& c : kAttentionCases) check_attention_case(ops->attention, *find_cpu_ops(Isa::kAvx512), c);
  }
  std::printf("attention_tiles: ok, emulated%s\n", ops != nullptr ? " and on this machine's tiles" : "; this machine has no tiles, or SLACKWATER_ISA forbids them");
}
