#pragma once

#include <string>

#include "../lib/buffer.h"
#include "../lib/digest.h"
#include "../lib/thread_pool.h"

namespace slackwater {

/// A model's matrices as they were packed, kept in a folder from one start to the next: one file, `<key>.packed`, for each key,
/// which is a digest of all that they were made from. What lies there is believed only when its size, its key and the digest of all
/// its bytes are right: damage, a file cut short and a foreign one are as if there were none. Whoever can write into the folder on
/// purpose can change what the model computes, as with the model's own file.
///
/// Never a reason to fail: what cannot be read or written is packed again at the next start.
class PackedCache {
 public:
  /// `folder` is made when it is needed; empty: nothing is kept. Beyond `bytes_max` together, the files not used for longest go.
  explicit PackedCache(std::string folder, size_t bytes_max = size_t{8} << 30) : folder_(std::move(folder)), bytes_max_(bytes_max) {}

  bool is_on() const { return !folder_.empty(); }
  /// True when `data`, of the size that is wanted, holds what was kept under the key; else its content is nothing.
  bool load(ThreadPool& pool, const Digest& key, const Buffer<std::byte>& data) const;
  /// Writes beside its place and renames, so that a reader finds all or nothing, and of several writers one wins. Not waited for by
  /// the disk: what a power failure leaves of it has a wrong digest.
  void store(ThreadPool& pool, const Digest& key, const Buffer<std::byte>& data) const;

  std::string path_of(const Digest& key) const;

 private:
  void drop_oldest(const std::string& kept) const;

  std::string folder_;
  size_t bytes_max_;
};

}  // namespace slackwater
