#pragma once

// A fuzz target is one file that defines the three functions below. Under clang it is a libFuzzer program; with any
// compiler it is linked with driver.cpp, which replays its seeds and mutates them at random. See CMakeLists.txt.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Whatever the bytes: an answer or a fault, never a step outside of them. A promise that is broken ends the process.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace slackwater {

/// Good files and nearly good ones, written by the writers of the tests: what mutations begin with.
std::vector<std::string> fuzz_seeds();
/// Parts that a mutation does not find by chance: keys, numbers at their limits.
std::vector<std::string> fuzz_words();

}  // namespace slackwater
