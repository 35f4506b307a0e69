#pragma once

#include <cstdio>
#include <cstdlib>
#include <sstream>

// Checks for the test programs of this folder: what was expected, what came, where; then the program ends with 1.
#define EXPECT(claim)                                                             \
  do {                                                                            \
    if (!(claim)) {                                                               \
      std::fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #claim);   \
      std::exit(1);                                                               \
    }                                                                             \
  } while (false)

#define EXPECT_EQ(left, right)                                                                                    \
  do {                                                                                                            \
    const auto left_value = (left);                                                                               \
    const auto right_value = (right);                                                                             \
    if (!(left_value == right_value)) {                                                                           \
      std::ostringstream text;                                                                                    \
      text << left_value << ", expected " << right_value;                                                         \
      std::fprintf(stderr, "%s:%d: %s is %s (%s)\n", __FILE__, __LINE__, #left, text.str().c_str(), #right);       \
      std::exit(1);                                                                                               \
    }                                                                                                             \
  } while (false)
