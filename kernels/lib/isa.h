#pragma once

namespace slackwater {

/// Which instruction set the cpu backend's ops use. Ordered: a higher level needs a newer machine. kAmx is kAvx512 with the
/// linear layers and the attention of many rows on 8-bit tiles.
enum class Isa { kScalar = 0, kAvx2 = 1, kAvx512 = 2, kAmx = 3 };

/// The best level that this machine runs and this build contains; SLACKWATER_ISA (scalar, avx2, avx512 or amx) lowers it.
/// Avx512 means VNNI too: a machine that has the one without the other is kAvx2. Below amx tiles are not even asked for.
Isa best_isa();

/// "scalar", "avx2", "avx512", "amx".
const char* isa_name(Isa isa);

/// What the numerics id says of a level: its name, but "avx512" for kAmx, since tiles change no bit.
const char* isa_numerics(Isa isa);

/// The level of that name ("auto" = the best one). False when the name is unknown or the machine lacks it.
bool find_isa(const char* name, Isa& isa);

}  // namespace slackwater
