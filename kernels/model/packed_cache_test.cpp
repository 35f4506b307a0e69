// What was kept comes back bit for bit, and what was damaged, cut, mixed up or is foreign does not.
#include "packed_cache.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>

#include "test_safetensors.h"

using namespace slackwater;

namespace {

constexpr size_t kBytes = 3 * kDigestPiece + 777;
constexpr Digest kKey{1, 2};

Buffer<std::byte> content(uint64_t seed, size_t bytes = kBytes) {
  Buffer<std::byte> out(bytes);
  TestRandom random(seed);
  for (size_t i = 0; i < bytes; ++i) out.data()[i] = static_cast<std::byte>(random.next());
  return out;
}

bool is_same(const Buffer<std::byte>& a, const Buffer<std::byte>& b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0; }

std::string bytes_at(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

size_t files_in(const std::string& folder) { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {})); }

void check_round_trip(ThreadPool& pool) {
  const TestFolder folder;
  const PackedCache cache(folder.path() + "/deep/down");
  const Buffer<std::byte> packed = content(1), found = content(2), other(kBytes + 1);
  CHECK(!cache.load(pool, kKey, found), "nothing is kept yet");
  cache.store(pool, kKey, packed);
  CHECK(cache.load(pool, kKey, found) && is_same(packed, found), "it comes back");
  CHECK(!cache.load(pool, {2, 1}, found) && !cache.load(pool, {1, 3}, found), "under its own key alone");
  CHECK(!cache.load(pool, kKey, other), "in its own size alone");
  std::filesystem::rename(cache.path_of(kKey), cache.path_of({1, 3}));
  CHECK(!cache.load(pool, {1, 3}, found), "a file that took another's name");
  CHECK(!PackedCache("").load(pool, kKey, found), "no folder, nothing kept");
  PackedCache("").store(pool, kKey, packed);
}

/// Every byte that is read is vouched for: the header's by each bit, the others by samples.
void check_damage(ThreadPool& pool) {
  const TestFolder folder;
  const PackedCache cache(folder.path());
  const Buffer<std::byte> packed = content(1), found(kBytes);
  cache.store(pool, kKey, packed);
  const std::string name = std::filesystem::path(cache.path_of(kKey)).filename().string(), good = bytes_at(cache.path_of(kKey));
  const auto expect = [&](const std::string& bytes, bool is_good, size_t at) {
    folder.write(name, bytes);
    CHECK(cache.load(pool, kKey, found) == is_good, "changed at %zu, %zu bytes", at, bytes.size());
  };
  std::vector<size_t> places;
  for (size_t at = 0; at < 64; ++at) places.push_back(at);
  for (const size_t at : {size_t{4096}, size_t{4097}, size_t{4096} + kDigestPiece - 1, size_t{4096} + kDigestPiece, good.size() / 2, good.size() - 1}) places.push_back(at);
  for (const size_t at : places) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    expect(bad, false, at);
  }
  for (const size_t size : {size_t{0}, size_t{7}, size_t{64}, size_t{4096}, good.size() - 1}) expect(good.substr(0, size), false, size);
  expect(good + "x", false, good.size());
  std::string swapped = good;
  std::swap_ranges(swapped.begin() + 4096, swapped.begin() + 4096 + static_cast<long>(kDigestPiece), swapped.begin() + 4096 + static_cast<long>(kDigestPiece));
  expect(swapped, false, 4096);
  expect(good, true, 0);
  cache.store(pool, kKey, packed);
  CHECK(cache.load(pool, kKey, found) && is_same(packed, found), "what was damaged is written again");
  std::filesystem::remove(cache.path_of(kKey));
  CHECK(::mkfifo(cache.path_of(kKey).c_str(), 0600) == 0 && !cache.load(pool, kKey, found), "a pipe is not waited for");
}

void check_places_that_refuse(ThreadPool& pool) {
  const TestFolder folder;
  const Buffer<std::byte> packed = content(1), found(kBytes);
  folder.write("file", "");
  const PackedCache in_a_file(folder.path() + "/file/below");
  in_a_file.store(pool, kKey, packed);
  CHECK(!in_a_file.load(pool, kKey, found), "a folder that cannot be made");
  const PackedCache nowhere("/proc/slackwater");
  nowhere.store(pool, kKey, packed);
  CHECK(!nowhere.load(pool, kKey, found), "a folder that cannot be written");
  // Its name is taken by a folder that is not empty: the draft does not stay behind.
  const PackedCache cache(folder.path());
  std::filesystem::create_directories(cache.path_of(kKey) + "/x");
  cache.store(pool, kKey, packed);
  CHECK(!cache.load(pool, kKey, found) && files_in(folder.path()) == 2, "%zu files", files_in(folder.path()));
}

/// Room for two and a half files: the one used longest ago goes, and never the one just written.
void check_bound(ThreadPool& pool) {
  const TestFolder folder;
  const PackedCache cache(folder.path(), kBytes * 5 / 2);
  const Buffer<std::byte> packed = content(1), found(kBytes);
  const auto aged = [&](const Digest& key, int hours) {
    std::filesystem::last_write_time(cache.path_of(key), std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  cache.store(pool, {1, 0}, packed);
  aged({1, 0}, 3);
  cache.store(pool, {2, 0}, packed);
  aged({2, 0}, 2);
  CHECK(cache.load(pool, {1, 0}, found), "the first is used again");
  folder.write("left.packed.1.2", "a draft");
  std::filesystem::last_write_time(folder.path() + "/left.packed.1.2", std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  folder.write("foreign", "somebody's");
  cache.store(pool, {3, 0}, packed);
  CHECK(cache.load(pool, {1, 0}, found) && !cache.load(pool, {2, 0}, found) && cache.load(pool, {3, 0}, found), "the second goes");
  CHECK(files_in(folder.path()) == 3, "an old draft goes, what is not ours stays: %zu", files_in(folder.path()));
  const Buffer<std::byte> large = content(4, kBytes * 3);
  cache.store(pool, {4, 0}, large);
  CHECK(files_in(folder.path()) == 3, "what alone is beyond the bound is not kept");
}

/// Four processes write and read one key without pause: whatever is read is whole.
void check_race() {
  const TestFolder folder;
  const PackedCache cache(folder.path());
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ThreadPool pool(1);
      const Buffer<std::byte> packed = content(1), found(kBytes);
      bool is_good = true;
      for (int i = 0; i < 25; ++i) {
        cache.store(pool, kKey, packed);
        std::memset(found.data(), 0, found.size());
        is_good = is_good && cache.load(pool, kKey, found) && is_same(packed, found);
      }
      ::_exit(is_good ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t child : children) {
    int status = 1;
    CHECK(::waitpid(child, &status, 0) == child && status == 0, "process %d ended with %d", static_cast<int>(child), status);
  }
  CHECK(files_in(folder.path()) == 1, "%zu files are left", files_in(folder.path()));
}

}  // namespace

int main() {
  check_race();  // Before there are threads to fork.
  ThreadPool pool(2);
  check_round_trip(pool);
  check_damage(pool);
  check_places_that_refuse(pool);
  check_bound(pool);
  std::printf("packed cache: ok\n");
}
