#pragma once

// For tests only: tile instructions on a machine without tiles. Every one is refused there by SIGILL, is read byte by byte, and is done by
// EmulatedTiles. What no compiler sees, the operands in the assembler, is seen here. x86-64 Linux.

#include <signal.h>
#include <ucontext.h>

#include "../../lib/tiles.h"
#include "../cpu_ops.h"
#include "emulated_tiles.h"

namespace slackwater {

struct TrappedTiles {
  EmulatedTiles tiles;
  int64_t multiplications = 0, configurations = 0, releases = 0;
};
inline TrappedTiles trapped;


/// The address that a memory operand names, and the index register's value apart: in a tile's load it is the stride.
struct Memory {
  uint8_t* base;
  size_t stride;
};

class Instruction {
 public:
  Instruction(const uint8_t* at, const greg_t* registers) : at_(at), registers_(registers) {}

  /// Does the instruction and answers how long it is; 0: it is none for tiles. Intel's manual, volume 2: VEX.128, map 0F38, W0.
  int run() {
    if (at_[0] != 0xc4 || (at_[1] & 0x1f) != 2 || (at_[2] & 0x84) != 0) return 0;
    const int prefix = at_[2] & 3, opcode = at_[3];  // 0: none, 1: 66, 2: F3, 3: F2
    if (opcode == 0x49 && mod() == 3) {
      if (prefix == 0 && at_[4] == 0xc0) trapped.tiles.release(), ++trapped.releases;
      else if (prefix == 3) trapped.tiles.zero(reg());
      else return 0;
      return 5;
    }
    if (opcode == 0x49 && prefix == 0 && reg() == 0) {
      const Memory memory = read_memory();
      TileConfig config;
      std::memcpy(&config, memory.base + memory.stride, sizeof config);
      trapped.tiles.configure(config);
      ++trapped.configurations;
      return length_;
    }
    if (opcode == 0x4b && mod() != 3 && (prefix == 2 || prefix == 3)) {
      CHECK((at_[4] & 7) == 4, "a tile's memory operand has an index");
      const Memory memory = read_memory();
      if (prefix == 3) trapped.tiles.load(reg(), memory.base, memory.stride);
      else trapped.tiles.store(reg(), memory.base, memory.stride);
      return length_;
    }
    if (opcode == 0x5e && mod() == 3) {  // The prefix says which operands are signed: the first with F3, the second with 66, both with F2.
      trapped.tiles.multiply(reg(), at_[4] & 7, ~(at_[2] >> 3) & 15, prefix >= 2, (prefix & 1) != 0);
      ++trapped.multiplications;
      return 5;
    }
    return 0;
  }

 private:
  int mod() const { return at_[4] >> 6; }
  int reg() const { return at_[4] >> 3 & 7; }
  size_t value(int number) const {
    constexpr int kPlaces[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return static_cast<size_t>(registers_[kPlaces[number]]);
  }
  Memory read_memory() {
    const int high_index = (at_[1] & 0x40) == 0 ? 8 : 0, high_base = (at_[1] & 0x20) == 0 ? 8 : 0;
    int base = at_[4] & 7, next = 5;
    size_t stride = 0;
    CHECK(!(mod() == 0 && base == 5), "an address relative to the instruction is not read here");
    if (base == 4) {
      const int sib = at_[next++], index = (sib >> 3 & 7) + high_index;
      base = sib & 7;
      CHECK(!(mod() == 0 && base == 5), "an address without a base is not read here");
      if (index != 4) stride = value(index) << (sib >> 6);
    }
    int64_t shift = 0;
    if (mod() == 1) {
      shift = static_cast<int8_t>(at_[next]);
      next += 1;
    } else if (mod() == 2) {
      int32_t wide;
      std::memcpy(&wide, at_ + next, 4);
      shift = wide;
      next += 4;
    }
    length_ = next;
    return {reinterpret_cast<uint8_t*>(value(base + high_base) + static_cast<size_t>(shift)), stride};
  }

  const uint8_t* at_;
  const greg_t* registers_;
  int length_ = 0;
};

inline void on_refused(int, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* at = reinterpret_cast<const uint8_t*>(registers[REG_RIP]);
  const int length = Instruction(at, registers).run();
  CHECK(length > 0, "refused: %02x %02x %02x %02x %02x", at[0], at[1], at[2], at[3], at[4]);
  registers[REG_RIP] += length;
}

/// False where nothing would be refused, or where the code around the tiles would be.
inline bool trap_tiles() {
  if (find_cpu_ops(Isa::kAvx512) == nullptr || has_tiles()) return false;
  struct sigaction action = {};
  action.sa_sigaction = on_refused;
  action.sa_flags = SA_SIGINFO;
  CHECK(sigaction(SIGILL, &action, nullptr) == 0, "a handler");
  return true;
}

}  // namespace slackwater
