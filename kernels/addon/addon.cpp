// The addon's exports: `open` and `isa` of Native, and `useErrorClass`, by which kernels/native.ts introduces NativeError.
#include <napi.h>

#include "../lib/isa.h"
#include "engine_object.h"
#include "values.h"

namespace slackwater {
namespace {

Napi::Value open(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<AddonData>()->engine_class.New({info[0], info[1]});
}

Napi::Value isa(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), isa_name(best_isa())); }

void use_error_class(const Napi::CallbackInfo& info) {
  info.Env().GetInstanceData<AddonData>()->error_class = Napi::Persistent(info[0].As<Napi::Function>());
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;  // the environment deletes it at its end
  data->engine_class = Napi::Persistent(EngineObject::define(env));
  env.SetInstanceData(data);
  exports.Set("open", Napi::Function::New<open>(env, "open"));
  exports.Set("isa", Napi::Function::New<isa>(env, "isa"));
  exports.Set("useErrorClass", Napi::Function::New<use_error_class>(env, "useErrorClass"));
  return exports;
}

}  // namespace

NODE_API_MODULE(slackwater, init)

}  // namespace slackwater
