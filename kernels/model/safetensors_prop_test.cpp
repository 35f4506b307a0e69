// Random damage: whatever the bytes, a file is refused with a code and a message, or every tensor of it can be read.
// Files lie on the heap at their exact size, so that a sanitizer build sees any step past the end.
// `safetensors_prop_test SEED` replays one seed.
#include <cstdlib>
#include <vector>

#include "safetensors_index.h"
#include "safetensors_parser.h"
#include "test_safetensors.h"

using namespace slackwater;

namespace {

int taken = 0, refused = 0;

/// What must hold of any bytes.
void check_bytes(const std::string& text, uint64_t seed) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  const std::vector<std::byte> bytes(first, first + text.size());
  std::vector<WeightTensor> tensors;
  Error error;
  const bool is_good = SafetensorsParser({bytes.data(), bytes.size()}, error).parse(tensors);
  CHECK(is_good != static_cast<bool>(error), "seed %llu: an answer and a fault go together", static_cast<unsigned long long>(seed));
  (is_good ? taken : refused) += 1;
  if (!is_good) {
    CHECK(error.code == kModelInvalid || error.code == kModelUnsupported, "seed %llu: code '%s'", static_cast<unsigned long long>(seed), error.code.c_str());
    CHECK(error.message.size() > 10, "seed %llu: '%s'", static_cast<unsigned long long>(seed), error.message.c_str());
    return;
  }
  const std::byte* at = nullptr;
  for (const WeightTensor& tensor : tensors) {
    const FormatBlock block = format_block(static_cast<uint32_t>(tensor.format));
    const uint64_t values = tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
    CHECK(values * block.bytes == tensor.bytes && (at == nullptr || tensor.data == at), "seed %llu: '%s'", static_cast<unsigned long long>(seed), tensor.name.c_str());
    at = tensor.data + tensor.bytes;
    CHECK(tensor.data >= bytes.data() && at <= bytes.data() + bytes.size(), "seed %llu: '%s' is inside", static_cast<unsigned long long>(seed), tensor.name.c_str());
    std::vector<float> out(values);
    dequantize(tensor.format, tensor.data, values, out.data());
  }
}

/// Header bytes most of all: the weights may be anything.
std::string damaged(std::string text, size_t header_end, TestRandom& random) {
  constexpr const char* kParts[] = {"\"", "{", "}", "[", "]", ",", ":", "-1", "0", "18446744073709551615", "18446744073709551616", "9223372036854775808", "1e9", "\\", "\\u0000", "\\ud800",
                                    "\xff", "\xc3", "null", "\"dtype\":\"F32\",", "\"shape\":[],", " ", "4294967296", "{\"a\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0]}"};
  const int changes = 1 + random.below(3);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const size_t end = std::min(text.size(), header_end), at = static_cast<size_t>(random.below(static_cast<int>(end == 0 ? 1 : end)));
    switch (random.below(6)) {
      case 0: text[at] = static_cast<char>(text[at] ^ (1 << random.below(8))); break;
      case 1: text[at] = static_cast<char>(random.next()); break;
      case 2: text.erase(at, static_cast<size_t>(1 + random.below(20))); break;
      case 3: text.insert(at, kParts[random.below(static_cast<int>(std::size(kParts)))]); break;
      case 4: text.insert(at, text.substr(static_cast<size_t>(random.below(static_cast<int>(end))), static_cast<size_t>(random.below(80)))); break;
      case 5: {  // A digit of a number.
        const size_t digit = text.find_first_of("0123456789", at);
        if (digit != std::string::npos && digit < end) text[digit] = static_cast<char>('0' + random.below(10));
        break;
      }
    }
  }
  return text;
}

/// Half of the damaged headers get a length that fits them again: the damage is then read, not just cut off.
void check_seed(uint64_t seed) {
  TestRandom random(seed);
  const std::string good = every_dtype().bytes();
  uint64_t length;
  std::memcpy(&length, good.data(), 8);
  const std::string header = good.substr(8, length), data = good.substr(8 + length);
  if (random.below(2) == 0) {
    check_bytes(damaged(good, 8 + length, random), seed);
  } else {
    check_bytes(safetensors_bytes(damaged(header, header.size(), random), data), seed);
  }
  const std::string index = R"({"metadata":{"total_size":32,"x":[]},"weight_map":{"a":"1.safetensors","\u00e9":"2.safetensors"}})";
  const std::string bad = damaged(index, index.size(), random);
  const std::vector<char> exact(bad.begin(), bad.end());
  ShardOfTensor shard_of;
  Error error;
  const bool is_good = read_safetensors_index({exact.data(), exact.size()}, shard_of, error);
  CHECK(is_good != static_cast<bool>(error), "seed %llu: an index's answer and fault go together", static_cast<unsigned long long>(seed));
}

/// Layouts of a few small tensors against a naive rule: sizes fit, and every byte belongs to exactly one tensor.
void check_layout(uint64_t seed) {
  TestRandom random(seed);
  const int data_bytes = random.below(13), count = random.below(5);
  std::vector<int> owners(static_cast<size_t>(data_bytes), 0);
  bool is_good = true;
  std::string header;
  int next = 0;
  for (int i = 0; i < count; ++i) {
    const bool is_f16 = random.below(2) == 0, is_chance = random.below(3) == 0;
    const int values = 1 + random.below(4), bytes = is_f16 ? 2 * values : values;
    const int begin = is_chance ? random.below(data_bytes + 2) : next, end = random.below(12) == 0 ? random.below(data_bytes + 3) : begin + bytes;
    is_good = is_good && end - begin == bytes && end <= data_bytes;
    for (int at = begin; is_good && at < end; ++at) owners[static_cast<size_t>(at)] += 1;
    next = end;
    header += (i == 0 ? "" : ",") + std::string("\"") + static_cast<char>('a' + i) + "\":{\"dtype\":\"" + (is_f16 ? "F16" : "F8_E4M3") + "\",\"shape\":[" + std::to_string(values) +
              "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  }
  for (const int owner : owners) is_good = is_good && owner == 1;
  const int taken_before = taken;
  check_bytes(safetensors_bytes("{" + header + "}", std::string(static_cast<size_t>(data_bytes), 'x')), seed);
  CHECK((taken > taken_before) == is_good, "seed %llu: {%s} over %d bytes is %s", static_cast<unsigned long long>(seed), header.c_str(), data_bytes, is_good ? "good" : "bad");
}

/// Cut at every byte, and every byte replaced by what hurts most.
void check_every_byte() {
  const std::string good = every_dtype().bytes();
  check_bytes(good, 0);
  CHECK(taken == 1, "the file that the others are made from");
  for (size_t size = 0; size < good.size(); ++size) check_bytes(good.substr(0, size), 0);
  CHECK(taken == 1 && refused == static_cast<int>(good.size()), "every cut is refused, and %d were taken", taken - 1);
  check_bytes(good + "x", 0);
  CHECK(taken == 1, "a byte too many is refused");
  for (size_t at = 0; at < good.size(); ++at) {
    for (const char byte : {'\0', '\xff', '"', '\\', '}', ']', '-', '9', ' '}) {
      std::string bad = good;
      bad[at] = byte;
      check_bytes(bad, 0);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const uint64_t only = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
  if (only == 0) check_every_byte();
  for (uint64_t seed = only > 0 ? only : 1; seed <= (only > 0 ? only : 30'000); ++seed) {
    check_seed(seed);
    check_layout(seed);
  }
  std::printf("safetensors, random: ok, %d taken, %d refused\n", taken, refused);
}
