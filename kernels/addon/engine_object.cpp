#include "engine_object.h"

#include <algorithm>
#include <limits>
#include <exception>

#include "../lib/cores.h"
#include "../model/model.h"
#include "values.h"

namespace slackwater {
namespace {

constexpr double kBytesMax = 9007199254740991.0;

void throw_if(Napi::Env env, const Error& error) {
  if (error) throw native_error(env, error.code, error.message);
}

BackendKind read_backend(const Napi::Object& options) {
  const std::string name = read_text(options, "backend");
  if (name == "cpu") return BackendKind::kCpu;
  if (name == "reference") return BackendKind::kReference;
  throw native_error(options.Env(), "bad_argument", "backend is " + name + ", cpu or reference is needed");
}

Isa read_isa(const Napi::Object& options) {
  const std::string name = read_text(options, "isa");
  Isa isa;
  if (find_isa(name.c_str(), isa)) return isa;
  throw native_error(options.Env(), "bad_argument", "isa " + name + " is not known, or this machine lacks it; its best is " + isa_name(best_isa()));
}

WeightMode read_weight_mode(const Napi::Object& options) {
  const std::string name = read_text_or(options, "weightMode", "auto");
  WeightMode mode;
  if (find_weight_mode(name.c_str(), mode)) return mode;
  throw native_error(options.Env(), "bad_argument", "weightMode is " + name + ", auto, exact, compact or fast is needed");
}

bool read_speculation(const Napi::Object& options) {
  const std::string name = read_text_or(options, "speculation", "auto");
  if (name == "auto" || name == "off") return name == "auto";
  throw native_error(options.Env(), "bad_argument", "speculation is " + name + ", auto or off is needed");
}

int read_threads(const Napi::Object& options) {
  const int cores = available_cores();
  const Napi::Value value = options.Get("threads");
  if (value.IsString() && value.As<Napi::String>().Utf8Value() == "auto") return std::min(auto_threads(cores), kThreadsMax);
  const auto threads = static_cast<int>(read_integer(options, "threads", 1, kThreadsMax));
  const bool is_forced = options.Get("allowOversubscription").ToBoolean().Value();
  if (threads > cores && !is_forced) {
    throw native_error(options.Env(), "bad_argument", "threads is " + std::to_string(threads) + "; this process may use " + std::to_string(cores) + " cores, and more threads than cores only wait for each other");
  }
  return threads;
}

int32_t count_blocks(double bytes, size_t block_bytes) {
  return static_cast<int32_t>(std::min(bytes / static_cast<double>(block_bytes), static_cast<double>(std::numeric_limits<int32_t>::max())));
}

/// Answers work(); what the system refuses it (memory, threads) becomes a NativeError.
template <class Work>
auto or_out_of_memory(Napi::Env env, const std::string& wanted, const Work& work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& fault) {
    throw native_error(env, kOutOfMemory, "the system refuses " + wanted + ": " + fault.what());
  }
}

std::optional<Tier> read_tier(const Napi::CallbackInfo& info, size_t at) {
  const std::string name = read_text_argument(info, at, "tier");
  if (name == "hbm") return Tier::kHbm;
  if (name == "dram") return Tier::kDram;
  throw native_error(info.Env(), "bad_argument", "tier is " + name + ", hbm or dram is needed");
}

void accept(Napi::Env env, bool is_accepted) {
  if (is_accepted) return;
  const std::string most = std::to_string(Loop::kCommandsMax);
  throw native_error(env, "queue_full", most + " of " + most + " orders wait for the engine's loop");
}

}  // namespace

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "NativeEngine",
                     {InstanceMethod<&EngineObject::submit>("submit"), InstanceMethod<&EngineObject::cancel>("cancel"), InstanceMethod<&EngineObject::set_priority>("setPriority"),
                      InstanceMethod<&EngineObject::demote>("demote"), InstanceMethod<&EngineObject::recall>("recall"), InstanceMethod<&EngineObject::pin>("pin"),
                      InstanceMethod<&EngineObject::unpin>("unpin"), InstanceMethod<&EngineObject::retain>("retain"), InstanceMethod<&EngineObject::drop>("drop"),
                      InstanceMethod<&EngineObject::snapshot>("snapshot"), InstanceMethod<&EngineObject::stats>("stats"), InstanceMethod<&EngineObject::close>("close")});
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineObject>(info), env_(info.Env()) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) throw native_error(env, "bad_argument", "options: an object is needed");
  if (!info[1].IsFunction()) throw native_error(env, "bad_argument", "onEvents: a function is needed");
  const auto options = info[0].As<Napi::Object>();
  const double hbm_bytes = read_number(options, "hbmBytes", 0, kBytesMax);
  const double dram_bytes = read_number(options, "dramBytes", 0, kBytesMax);
  const int threads = read_threads(options);
  const auto running_max = static_cast<int32_t>(read_integer(options, "runningMax", 1, 1024));
  const auto iteration_tokens_max = static_cast<int32_t>(read_integer(options, "iterationTokensMax", 1, 65536));
  if (iteration_tokens_max < running_max) {  // each running sequence needs its decode row
    throw native_error(env, "bad_argument", "iterationTokensMax is " + std::to_string(iteration_tokens_max) + ", at least runningMax (" + std::to_string(running_max) + ") is needed");
  }
  const BackendKind kind = read_backend(options);
  const Isa isa = read_isa(options);
  const WeightMode mode = read_weight_mode(options);

  const std::string path = read_text(options, "modelPath");
  const LoadOptions load{.packed_folder = options.Get("packedFolder").IsUndefined() ? "" : read_text(options, "packedFolder"), .hbm_bytes = static_cast<size_t>(hbm_bytes),
                         .dram_bytes = static_cast<size_t>(dram_bytes), .rows_max = iteration_tokens_max, .logits_max = running_max + Loop::kGuessesMax};
  Architecture model;
  Vocab vocab;
  auto backend = or_out_of_memory(env, "memory for " + path, [&] {
    Error error;
    const auto file = ModelFile::open(path, error);
    throw_if(env, error);
    model = file->architecture();
    if (!file->read_vocab(vocab, error)) throw_if(env, error);
    auto made = make_backend(*file, kind, isa, mode, threads, error, load);
    throw_if(env, error);
    return made;
  });

  const size_t block_bytes = backend->block_bytes();
  LoopOptions loop{};
  loop.hbm_blocks = count_blocks(hbm_bytes, block_bytes);
  loop.dram_blocks = count_blocks(dram_bytes, block_bytes);
  loop.running_max = running_max;
  loop.iteration_tokens_max = iteration_tokens_max;
  loop.iteration_ms_max = read_number_or(options, "iterationMsMax", loop.iteration_ms_max, 1, 60000);
  loop.is_speculating = read_speculation(options);
  if (loop.hbm_blocks < 2) {
    throw native_error(env, "arena_too_small", "hbmBytes is " + std::to_string(static_cast<int64_t>(hbm_bytes)) + "; a sequence of two blocks needs " + std::to_string(2 * block_bytes));
  }
  loop_ = or_out_of_memory(env, std::to_string(static_cast<int64_t>(hbm_bytes + dram_bytes)) + " bytes for hbm and dram, or the loop's threads", [&] {
    return std::make_unique<Loop>(std::move(backend), std::move(vocab), loop, [this] { napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking); });
  });
  info.This().As<Napi::Object>().DefineProperty(Napi::PropertyDescriptor::Value("info", describe(env, model, isa, threads), napi_enumerable));
  watch(env, info[1].As<Napi::Function>());
}

Napi::Object EngineObject::describe(Napi::Env env, const Architecture& model, Isa isa, int threads) const {
  const Backend& backend = loop_->backend();
  const ModelShape& shape = backend.shape();
  Napi::Object object = Napi::Object::New(env);
  object.Set("architecture", model.family);
  object.Set("name", model.name);
  object.Set("layers", shape.layers);
  object.Set("hidden", shape.hidden);
  object.Set("vocab", shape.vocab);
  object.Set("contextLength", shape.context_length);
  object.Set("blockBytes", static_cast<double>(backend.block_bytes()));
  object.Set("hbmBlocks", loop_->options().hbm_blocks);
  object.Set("dramBlocks", loop_->options().dram_blocks);
  object.Set("numerics", backend.numerics());
  object.Set("weightMode", weight_mode_name(backend.weight_mode()));
  object.Set("isa", isa_name(isa));
  object.Set("threads", threads);
  object.Set("weightBytes", static_cast<double>(backend.weight_bytes()));
  object.Set("kvBytes", static_cast<double>(backend.block_bytes()) * (loop_->options().hbm_blocks + loop_->options().dram_blocks));
  object.Set("bosToken", loop_->vocab().bos_token);
  const auto& eos = loop_->vocab().eos_tokens;
  Napi::Array tokens = Napi::Array::New(env, eos.size());
  for (uint32_t i = 0; i < eos.size(); ++i) tokens.Set(i, eos[i]);
  object.Set("eosTokens", tokens);
  return object;
}

// The constructor's last act, and the hook the last of it: what throws before leaves no hook to an object that never was. (In a
// worker that is being terminated, any call into JavaScript throws.) The hook runs before the threadsafe function is torn down,
// because it was added after that one was made.
void EngineObject::watch(Napi::Env env, const Napi::Function& on_events) {
  const napi_status status = napi_create_threadsafe_function(env, on_events, nullptr, Napi::String::New(env, "slackwater engine"), 0, 1, nullptr, nullptr, this, on_wake, &wake_);
  if (status != napi_ok) throw Napi::Error::New(env);
  napi_unref_threadsafe_function(env, wake_);
  Ref();
  is_watched_ = napi_add_env_cleanup_hook(env, on_environment_end, this) == napi_ok;
}

EngineObject::~EngineObject() {
  if (is_watched_) napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  loop_.reset();
}

void EngineObject::on_environment_end(void* data) {
  auto* self = static_cast<EngineObject*>(data);
  self->is_watched_ = false;
  self->loop_.reset();  // stops and joins
}

void EngineObject::on_wake(napi_env env, napi_value on_events, void* context, void* last_word) {
  auto* self = static_cast<EngineObject*>(context);
  if (env == nullptr || self->loop_ == nullptr) return;
  Napi::HandleScope scope(env);
  std::optional<Napi::Error> thrown;  // by the listener: told to the process, after what must be done anyway
  try {
    self->dispatch(env, on_events);
  } catch (const Napi::Error& error) {
    thrown = error;
  }
  if (last_word != nullptr) self->finish_close(env);
  if (thrown.has_value()) thrown->ThrowAsJavaScriptException();
}

void EngineObject::dispatch(Napi::Env env, napi_value on_events) {
  const std::vector<EngineEvent> events = loop_->take_events();
  if (events.empty()) return;
  Napi::Array array = Napi::Array::New(env, events.size());
  int over = 0;
  for (uint32_t i = 0; i < events.size(); ++i) {
    Napi::HandleScope scope(env);
    array.Set(i, write_event(env, events[i]));
    over += std::holds_alternative<EndedEvent>(events[i]) || std::holds_alternative<MovedEvent>(events[i]) ? 1 : 0;
  }
  let_go(env, over);
  Napi::Function(env, on_events).Call({array});
}

void EngineObject::hold(Napi::Env env) {
  if (open_orders_++ == 0) napi_ref_threadsafe_function(env, wake_);
}

void EngineObject::let_go(Napi::Env env, int count) {
  if (count == 0) return;
  open_orders_ -= count;
  if (open_orders_ == 0 && !closing_.has_value()) napi_unref_threadsafe_function(env, wake_);
}

Loop& EngineObject::open_loop(Napi::Env env) {
  if (loop_ == nullptr || closing_.has_value()) throw native_error(env, "closed", "the engine is closed");
  return *loop_;
}

void EngineObject::submit(const Napi::CallbackInfo& info) {
  Loop& loop = open_loop(info.Env());
  Error error;
  loop.submit(read_request(info[0]), error);
  throw_if(info.Env(), error);
  hold(info.Env());
}

void EngineObject::cancel(const Napi::CallbackInfo& info) {
  const double run = read_number_argument(info, 0, "run");
  if (loop_ != nullptr) accept(info.Env(), loop_->cancel(static_cast<int64_t>(run)));
}

void EngineObject::set_priority(const Napi::CallbackInfo& info) {
  const double run = read_number_argument(info, 0, "run");
  const double priority = read_number_argument(info, 1, "priority");
  if (loop_ != nullptr) accept(info.Env(), loop_->set_priority(static_cast<int64_t>(run), priority));
}

void EngineObject::demote(const Napi::CallbackInfo& info) {
  accept(info.Env(), open_loop(info.Env()).demote(read_text_argument(info, 0, "lane")));
  hold(info.Env());
}

void EngineObject::recall(const Napi::CallbackInfo& info) {
  accept(info.Env(), open_loop(info.Env()).recall(read_text_argument(info, 0, "lane")));
  hold(info.Env());
}

void EngineObject::pin(const Napi::CallbackInfo& info) {
  accept(info.Env(), open_loop(info.Env()).pin(read_text_argument(info, 0, "lane"), read_tier(info, 1)));
}

void EngineObject::unpin(const Napi::CallbackInfo& info) { accept(info.Env(), open_loop(info.Env()).pin(read_text_argument(info, 0, "lane"), std::nullopt)); }

void EngineObject::retain(const Napi::CallbackInfo& info) {
  accept(info.Env(), open_loop(info.Env()).retain(read_text_argument(info, 0, "lane"), read_number_argument(info, 1, "value")));
}

void EngineObject::drop(const Napi::CallbackInfo& info) { accept(info.Env(), open_loop(info.Env()).drop(read_text_argument(info, 0, "lane"))); }

Napi::Value EngineObject::snapshot(const Napi::CallbackInfo& info) { return write_blocks(info.Env(), open_loop(info.Env()).snapshot()); }

Napi::Value EngineObject::stats(const Napi::CallbackInfo& info) { return write_stats(info.Env(), open_loop(info.Env()).stats()); }

Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  if (closing_.has_value()) return closing_->Promise();
  closing_ = Napi::Promise::Deferred::New(info.Env());
  if (open_orders_ == 0) napi_ref_threadsafe_function(info.Env(), wake_);
  // The thread's last act comes back here as one more wake-up, so that nothing is joined before it is over.
  loop_->stop([this] { napi_call_threadsafe_function(wake_, this, napi_tsfn_nonblocking); });
  return closing_->Promise();
}

void EngineObject::finish_close(Napi::Env env) {
  loop_.reset();
  napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  is_watched_ = false;
  napi_release_threadsafe_function(wake_, napi_tsfn_release);
  closing_->Resolve(env.Undefined());
  Unref();
}

}  // namespace slackwater
