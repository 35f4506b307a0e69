#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace slackwater {

/// What besides tokens determines a block's bytes: tenant, weights digest, adapter, KV dtype, hashed by the caller.
using Salt = std::array<uint8_t, 32>;

/// A block's name determines its bytes. The name before the first block is 16 zero bytes.
using BlockName = std::array<uint8_t, 16>;

struct BlockNameHash {
  size_t operator()(const BlockName& name) const {
    size_t head;  // The name is a hash already: its first bytes are as good as any.
    std::memcpy(&head, name.data(), sizeof head);
    return head;
  }
};

/// BLAKE2s-256(salt || parent || 64 token ids as u32 little-endian), first 16 bytes. `tokens`: [64].
BlockName name_block(const Salt& salt, const BlockName& parent, const int32_t* tokens);

/// Names of the full blocks of `tokens`, in order: [tokens.size() / 64].
std::vector<BlockName> name_chain(const Salt& salt, std::span<const int32_t> tokens);

}  // namespace slackwater
