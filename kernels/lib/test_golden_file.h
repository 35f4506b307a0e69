#pragma once

// For tests only.

#include <cstring>
#include <fstream>
#include <string>

#include "check.h"

namespace slackwater {

/// A golden file of version 1, read from its start on: four letters that say whose it is, the version, then what its
/// script says. Little-endian. Ends the program with a clear line when it is missing, short, or another's.
class GoldenFile {
 public:
  GoldenFile(const std::string& path, const char (&letters)[5]) : path_(path), in_(path, std::ios::binary) {
    char found[4];
    read(found, sizeof found);
    CHECK(std::memcmp(found, letters, sizeof found) == 0 && number() == 1, "%s is no golden file of version 1", path_.c_str());
  }

  const char* path() const { return path_.c_str(); }
  void read(void* out, size_t bytes) {
    CHECK(in_.read(static_cast<char*>(out), static_cast<std::streamsize>(bytes)), "%s is missing or short", path_.c_str());
  }
  uint32_t number() {
    uint32_t value;
    read(&value, sizeof value);
    return value;
  }

 private:
  std::string path_;
  std::ifstream in_;
};

}  // namespace slackwater
