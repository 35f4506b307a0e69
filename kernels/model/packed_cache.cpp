#include "packed_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

namespace slackwater {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDataAt = 4096;
constexpr uint64_t kMagic = 0x314b434150575300u;  // "\0SWPACK1" as it lies in the file.
constexpr size_t kRoomLeft = size_t{1} << 30;     // What a cache leaves free on its disk.
constexpr auto kDraftAge = std::chrono::hours(1); // Whoever wrote it is gone.

/// The first bytes of a file; zeros follow up to kDataAt.
struct Header {
  uint64_t magic;
  uint64_t bytes;
  Digest key;
  Digest data;
  Digest header;  // Of all before it.
};

Digest digest_of_header(const Header& header) { return digest_of(&header, offsetof(Header, header)); }

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  bool read(void* to, size_t bytes, size_t at) const {
    return all(bytes, [&](size_t done) { return ::pread(descriptor_, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(at + done)); });
  }
  bool write(const void* from, size_t bytes, size_t at) const {
    return all(bytes, [&](size_t done) { return ::pwrite(descriptor_, static_cast<const char*>(from) + done, bytes - done, static_cast<off_t>(at + done)); });
  }

 private:
  template <class Step>
  static bool all(size_t bytes, const Step& step) {
    for (size_t done = 0; done < bytes;) {
      const ssize_t more = step(done);
      if (more < 0 && errno == EINTR) continue;
      if (more <= 0) return false;
      done += static_cast<size_t>(more);
    }
    return true;
  }

  int descriptor_;
};

/// Runs work(at, bytes) for every piece on all threads; false when one of them was.
template <class Work>
bool each_piece(ThreadPool& pool, size_t bytes, const Work& work) {
  std::atomic<bool> is_good{true};
  pool.run(static_cast<int>(digest_pieces(bytes)), [&](int piece, int) {
    const size_t at = static_cast<size_t>(piece) * kDigestPiece;
    if (is_good.load(std::memory_order_relaxed) && !work(at, std::min(kDigestPiece, bytes - at))) is_good.store(false, std::memory_order_relaxed);
  });
  return is_good.load();
}

}  // namespace

std::string PackedCache::path_of(const Digest& key) const {
  char name[48];
  std::snprintf(name, sizeof name, "%016llx%016llx.packed", static_cast<unsigned long long>(key.high), static_cast<unsigned long long>(key.low));
  return folder_ + "/" + name;
}

bool PackedCache::load(ThreadPool& pool, const Digest& key, const Buffer<std::byte>& data) const {
  if (!is_on()) return false;
  const OpenFile file(path_of(key), O_RDONLY | O_NONBLOCK);
  struct stat found;
  Header header;
  if (!file.is_open() || ::fstat(file.descriptor(), &found) != 0 || !S_ISREG(found.st_mode)) return false;
  if (static_cast<size_t>(found.st_size) != kDataAt + data.size() || !file.read(&header, sizeof header, 0)) return false;
  if (header.magic != kMagic || header.bytes != data.size() || !(header.key == key) || !(header.header == digest_of_header(header))) return false;
  // Read, not mapped: only memory of our own lies on large pages, and nobody can change it behind the digest.
  std::vector<Digest> digests(digest_pieces(data.size()));
  const bool is_read = each_piece(pool, data.size(), [&](size_t at, size_t bytes) {
    if (!file.read(data.data() + at, bytes, kDataAt + at)) return false;
    digests[at / kDigestPiece] = digest_of(data.data() + at, bytes);  // While it is in the core's cache.
    return true;
  });
  if (!is_read || !(digest_of_pieces(digests.data(), data.size()) == header.data)) return false;
  ::futimens(file.descriptor(), nullptr);  // Used just now; on a read-only disk nobody needs to know.
  return true;
}

void PackedCache::store(ThreadPool& pool, const Digest& key, const Buffer<std::byte>& data) const {
  std::error_code error;
  if (!is_on() || data.size() > bytes_max_) return;
  fs::create_directories(folder_, error);
  const fs::space_info space = fs::space(folder_, error);
  if (error || space.available < data.size() + kRoomLeft) return;
  const std::string path = path_of(key), draft = path + "." + std::to_string(::getpid()) + "." + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  {
    const OpenFile file(draft, O_WRONLY | O_CREAT | O_EXCL);
    Header header{kMagic, data.size(), key, digest_of(pool, data.data(), data.size()), {}};
    header.header = digest_of_header(header);
    std::vector<char> front(kDataAt, '\0');
    std::memcpy(front.data(), &header, sizeof header);
    const bool is_written = file.is_open() && file.write(front.data(), front.size(), 0) &&
                            each_piece(pool, data.size(), [&](size_t at, size_t bytes) { return file.write(data.data() + at, bytes, kDataAt + at); });
    if (!is_written || ::rename(draft.c_str(), path.c_str()) != 0) {
      ::unlink(draft.c_str());
      return;
    }
  }
  drop_oldest(path);
}

void PackedCache::drop_oldest(const std::string& kept) const {
  struct Kept {
    fs::file_time_type used;
    size_t bytes;
    fs::path path;
  };
  std::vector<Kept> files;
  size_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::error_code unused;
    const Kept file{it->last_write_time(unused), static_cast<size_t>(it->file_size(unused)), it->path()};
    if (unused) continue;  // Another process was first.
    const std::string name = file.path.filename().string();
    if (file.path.extension() == ".packed") {
      files.push_back(file);
      total += file.bytes;
    } else if (name.find(".packed.") != std::string::npos && file.used < fs::file_time_type::clock::now() - kDraftAge) {
      fs::remove(file.path, unused);
    }
  }
  std::sort(files.begin(), files.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (const Kept& file : files) {
    if (total <= bytes_max_) return;
    if (file.path == fs::path(kept)) continue;
    if (fs::remove(file.path, error)) total -= file.bytes;
  }
}

}  // namespace slackwater
