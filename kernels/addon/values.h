#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "../engine/loop.h"
#include "../engine/run.h"

namespace slackwater {

/// What the addon keeps for each JavaScript environment.
struct AddonData {
  Napi::FunctionReference engine_class;
  Napi::FunctionReference error_class;  // NativeError of kernels/native.ts, once it introduced itself
};

/// A NativeError with `code`; `throw` it.
Napi::Error native_error(Napi::Env env, const std::string& code, const std::string& message);

// Fields of an options object. Each throws NativeError `bad_argument` that names the field and what came;
// what ends in _or takes a field that is not there for `fallback`.
double read_number(const Napi::Object& from, const char* field, double least, double most);
int64_t read_integer(const Napi::Object& from, const char* field, int64_t least, int64_t most);
std::string read_text(const Napi::Object& from, const char* field);
double read_number_or(const Napi::Object& from, const char* field, double fallback, double least, double most);
std::string read_text_or(const Napi::Object& from, const char* field, const char* fallback);
std::string read_text_argument(const Napi::CallbackInfo& info, size_t at, const char* name);
double read_number_argument(const Napi::CallbackInfo& info, size_t at, const char* name);

/// A RunRequest as kernels/native.ts declares it.
RunRequest read_request(const Napi::Value& value);

/// The shapes of kernels/native.ts.
Napi::Array write_blocks(Napi::Env env, const std::vector<BlockEvent>& events);
Napi::Object write_event(Napi::Env env, const EngineEvent& event);
Napi::Object write_stats(Napi::Env env, const LoopStats& stats);

}  // namespace slackwater
