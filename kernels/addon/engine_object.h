#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "../engine/loop.h"
#include "../lib/isa.h"
#include "../model/model.h"

namespace slackwater {

/// NativeEngine of kernels/native.ts: a loop, and the one threadsafe function through which its events come out.
///
/// It keeps itself alive until it is closed, and keeps the process alive while runs or moves are open. An environment that ends
/// without close() stops the loop in its clean-up hook.
class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineObject(const Napi::CallbackInfo& info);  // (options, onEvents)
  ~EngineObject() override;

 private:
  void submit(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  void set_priority(const Napi::CallbackInfo& info);
  void demote(const Napi::CallbackInfo& info);
  void recall(const Napi::CallbackInfo& info);
  void pin(const Napi::CallbackInfo& info);
  void unpin(const Napi::CallbackInfo& info);
  void retain(const Napi::CallbackInfo& info);
  void drop(const Napi::CallbackInfo& info);
  Napi::Value snapshot(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Loop& open_loop(Napi::Env env);
  Napi::Object describe(Napi::Env env, const Architecture& model, Isa isa, int threads) const;
  void watch(Napi::Env env, const Napi::Function& on_events);
  void hold(Napi::Env env);
  void let_go(Napi::Env env, int count);
  void dispatch(Napi::Env env, napi_value on_events);
  void finish_close(Napi::Env env);
  static void on_wake(napi_env env, napi_value on_events, void* context, void* data);
  static void on_environment_end(void* self);

  napi_env env_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  std::unique_ptr<Loop> loop_;
  std::optional<Napi::Promise::Deferred> closing_;
  bool is_watched_ = false;  // the clean-up hook is set
  int open_orders_ = 0;      // runs and moves whose end was not told yet
};

}  // namespace slackwater
