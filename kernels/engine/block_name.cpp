#include "block_name.h"

#include <algorithm>

#include "../model/backend.h"
#include "blake2s.h"

namespace slackwater {

BlockName name_block(const Salt& salt, const BlockName& parent, const int32_t* tokens) {
  std::array<uint8_t, 32 + 16 + 4 * kBlockTokens> text;
  std::copy(salt.begin(), salt.end(), text.begin());
  std::copy(parent.begin(), parent.end(), text.begin() + 32);
  for (int32_t i = 0; i < kBlockTokens; ++i) {
    const auto token = static_cast<uint32_t>(tokens[i]);
    for (int byte = 0; byte < 4; ++byte) text[48 + 4 * i + byte] = static_cast<uint8_t>(token >> (8 * byte));
  }
  const auto digest = blake2s_256(text);
  BlockName name;
  std::copy_n(digest.begin(), name.size(), name.begin());
  return name;
}

std::vector<BlockName> name_chain(const Salt& salt, std::span<const int32_t> tokens) {
  std::vector<BlockName> names;
  names.reserve(tokens.size() / kBlockTokens);
  BlockName parent{};
  for (size_t at = 0; at + kBlockTokens <= tokens.size(); at += kBlockTokens) {
    parent = name_block(salt, parent, tokens.data() + at);
    names.push_back(parent);
  }
  return names;
}

}  // namespace slackwater
