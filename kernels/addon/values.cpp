// Reading: what JavaScript passes, checked field by field.
#include "values.h"

#include <cmath>
#include <limits>

namespace slackwater {
namespace {

constexpr int64_t kSafeInteger = (int64_t{1} << 53) - 1;

std::string show(const Napi::Value& value) {
  if (value.IsUndefined()) return "nothing";
  const Napi::Env env = value.Env();
  Napi::HandleScope scope(env);
  std::string text = value.IsObject() ? "an object" : value.IsSymbol() ? "a symbol" : value.ToString().Utf8Value();
  return text.size() > 40 ? text.substr(0, 40) + "…" : text;
}

std::string show(double number) {
  char text[32];
  std::snprintf(text, sizeof text, std::floor(number) == number && std::fabs(number) < 1e15 ? "%.0f" : "%g", number);
  return text;
}

Napi::Error bad(const Napi::Value& value, const std::string& field, const std::string& wanted) {
  return native_error(value.Env(), "bad_argument", field + " is " + show(value) + ", " + wanted + " is needed");
}

std::string range(double least, double most) {
  if (most == std::numeric_limits<double>::infinity()) return "a number of at least " + show(least);
  return "a number from " + show(least) + " to " + show(most);
}

double checked_number(const Napi::Value& value, const char* field, double least, double most) {
  if (!value.IsNumber()) throw bad(value, field, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= least && number <= most)) throw bad(value, field, range(least, most));
  return number;
}

}  // namespace

Napi::Error native_error(Napi::Env env, const std::string& code, const std::string& message) {
  const auto* data = env.GetInstanceData<AddonData>();
  if (data != nullptr && !data->error_class.IsEmpty()) {
    return Napi::Error(env, data->error_class.New({Napi::String::New(env, code), Napi::String::New(env, message)}));
  }
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

double read_number(const Napi::Object& from, const char* field, double least, double most) {
  return checked_number(from.Get(field), field, least, most);
}

int64_t read_integer(const Napi::Object& from, const char* field, int64_t least, int64_t most) {
  const Napi::Value value = from.Get(field);
  const double number = checked_number(value, field, static_cast<double>(least), static_cast<double>(most));
  if (std::floor(number) != number) throw bad(value, field, "a whole number");
  return static_cast<int64_t>(number);
}

std::string read_text(const Napi::Object& from, const char* field) {
  const Napi::Value value = from.Get(field);
  if (!value.IsString()) throw bad(value, field, "a string");
  return value.As<Napi::String>().Utf8Value();
}

double read_number_or(const Napi::Object& from, const char* field, double fallback, double least, double most) {
  return from.Get(field).IsUndefined() ? fallback : read_number(from, field, least, most);
}

std::string read_text_or(const Napi::Object& from, const char* field, const char* fallback) {
  return from.Get(field).IsUndefined() ? fallback : read_text(from, field);
}

std::string read_text_argument(const Napi::CallbackInfo& info, size_t at, const char* name) {
  if (!info[at].IsString()) throw bad(info[at], name, "a string");
  return info[at].As<Napi::String>().Utf8Value();
}

double read_number_argument(const Napi::CallbackInfo& info, size_t at, const char* name) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  return checked_number(info[at], name, -kLargest, kLargest);
}

RunRequest read_request(const Napi::Value& value) {
  if (!value.IsObject()) throw bad(value, "request", "an object");
  const auto from = value.As<Napi::Object>();
  RunRequest request{};
  request.run = read_integer(from, "run", 0, kSafeInteger);
  request.lane = read_text(from, "lane");
  if (request.lane.empty() || request.lane.size() > 256) {
    throw native_error(value.Env(), "bad_argument", "lane has " + std::to_string(request.lane.size()) + " bytes, 1 to 256 are needed");
  }

  const Napi::Value salt = from.Get("salt");
  if (!salt.IsTypedArray() || salt.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) throw bad(salt, "salt", "a Uint8Array of 32 bytes");
  const auto salt_bytes = salt.As<Napi::Uint8Array>();
  if (salt_bytes.ElementLength() != request.salt.size()) {
    throw native_error(value.Env(), "bad_argument", "salt has " + std::to_string(salt_bytes.ElementLength()) + " bytes, 32 are needed");
  }
  std::copy_n(salt_bytes.Data(), request.salt.size(), request.salt.begin());

  const Napi::Value tokens = from.Get("tokens");
  if (!tokens.IsTypedArray() || tokens.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) throw bad(tokens, "tokens", "an Int32Array");
  const auto ids = tokens.As<Napi::Int32Array>();
  request.tokens.assign(ids.Data(), ids.Data() + ids.ElementLength());

  request.max_tokens = static_cast<int32_t>(read_integer(from, "maxTokens", 1, std::numeric_limits<int32_t>::max()));
  request.sampling.temperature = read_number(from, "temperature", 0, 1000);
  request.sampling.top_k = static_cast<int32_t>(read_integer(from, "topK", 0, std::numeric_limits<int32_t>::max()));
  request.sampling.top_p = read_number(from, "topP", 0, 1);
  const Napi::Value seed = from.Get("seed");
  if (!seed.IsBigInt()) throw bad(seed, "seed", "a bigint");
  bool is_lossless = false;
  request.sampling.seed = seed.As<Napi::BigInt>().Uint64Value(&is_lossless);

  const Napi::Value stop = from.Get("stop");
  if (!stop.IsArray()) throw bad(stop, "stop", "an array of strings");
  const auto stops = stop.As<Napi::Array>();
  if (stops.Length() > 64) throw native_error(value.Env(), "bad_argument", "stop has " + std::to_string(stops.Length()) + " strings, at most 64 are taken");
  for (uint32_t i = 0; i < stops.Length(); ++i) {
    const Napi::Value text = stops.Get(i);
    if (!text.IsString()) throw bad(text, "stop[" + std::to_string(i) + "]", "a string");
    request.stop.push_back(text.As<Napi::String>().Utf8Value());
  }
  request.logprobs = static_cast<int32_t>(read_integer(from, "logprobs", -1, 20));
  request.priority = read_number(from, "priority", -std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
  return request;
}

}  // namespace slackwater
