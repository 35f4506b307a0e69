#pragma once

namespace slackwater {

/// Which instruction set the cpu backend's ops use. Ordered: a higher level needs a newer machine.
enum class Isa { kScalar = 0, kAvx2 = 1, kAvx512 = 2 };

/// The best level that this machine runs and this build contains; SLACKWATER_ISA (scalar, avx2 or avx512) lowers it. Avx512
/// means VNNI too: a machine that has the one without the other is kAvx2.
Isa best_isa();

/// "scalar", "avx2", "avx512".
const char* isa_name(Isa isa);

/// The level of that name ("auto" = the best one). False when the name is unknown or the machine lacks it.
bool find_isa(const char* name, Isa& isa);

}  // namespace slackwater
