// BLAKE2s-256 against RFC 7693 and published vectors, and the chain of block names built on it.
#include "blake2s.h"

#include <string>

#include "block_name.h"
#include "expect.h"

using namespace slackwater;

static std::string hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

static std::string hash_text(const std::string& text) {
  return hex(blake2s_256({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

// The generator of test bytes of RFC 7693, appendix E.
static void sequence(uint8_t* out, size_t length, uint32_t seed) {
  uint32_t a = 0xDEAD4BAD * seed, b = 1;
  for (size_t i = 0; i < length; ++i) {
    const uint32_t t = a + b;
    a = b;
    b = t;
    out[i] = static_cast<uint8_t>(t >> 24);
  }
}

int main() {
  EXPECT_EQ(hash_text("abc"), "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");  // RFC 7693, appendix B
  EXPECT_EQ(hash_text(""), "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
  // At the edges of a 64-byte chunk; from an independent implementation (Python's hashlib.blake2s).
  std::string edges;
  for (const size_t length : {63, 64, 65, 127, 128, 129, 304, 1024}) {
    std::string data(length, '\0');
    sequence(reinterpret_cast<uint8_t*>(data.data()), length, static_cast<uint32_t>(length));
    edges += hash_text(data);
  }
  EXPECT_EQ(hash_text(edges), "52bd1e2a0ff34b6aa6ccb582d0c7e7bbd0902ec467f8ea4ff9cdddc02cf6d213");

  Salt salt{};
  for (size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<uint8_t>(i);
  std::vector<int32_t> tokens(130);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * 377);
  const auto names = name_chain(salt, tokens);
  EXPECT_EQ(names.size(), 2u);  // the partial third block has no name
  EXPECT_EQ(hex(names[0]), "109d71b6174ebfd395deb6062ab40ae1");
  EXPECT_EQ(hex(names[1]), "1a56f398b64c35fd4491d9d4c5cc8d59");
  tokens[0] += 1;
  EXPECT(name_chain(salt, tokens)[1] != names[1]);  // a name covers everything before it
  std::puts("blake2s: ok");
}
