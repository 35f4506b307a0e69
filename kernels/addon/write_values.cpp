// Writing: what the engine says, as the objects of kernels/native.ts.
#include <cstring>

#include "values.h"

namespace slackwater {
namespace {

const char* finish_name(Finish finish) {
  switch (finish) {
    case Finish::kStop: return "stop";
    case Finish::kLength: return "length";
    case Finish::kCancelled: return "cancelled";
    case Finish::kFailed: return "failed";
  }
  return "failed";
}

Napi::Object write_ranked(Napi::Env env, int32_t token, double logprob) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("token", token);
  object.Set("logprob", logprob);
  return object;
}

Napi::Array write_logprobs(Napi::Env env, const std::vector<TokenLogprob>& logprobs) {
  Napi::Array array = Napi::Array::New(env, logprobs.size());
  for (uint32_t i = 0; i < logprobs.size(); ++i) {
    Napi::Object object = write_ranked(env, logprobs[i].token, logprobs[i].logprob);
    Napi::Array top = Napi::Array::New(env, logprobs[i].top.size());
    for (uint32_t j = 0; j < logprobs[i].top.size(); ++j) top.Set(j, write_ranked(env, logprobs[i].top[j].token, logprobs[i].top[j].logprob));
    object.Set("top", top);
    array.Set(i, object);
  }
  return array;
}

Napi::Object started(Napi::Env env, const StartedEvent& event) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "started");
  object.Set("run", static_cast<double>(event.run));
  object.Set("hit", event.hit);
  object.Set("recalled", event.recalled);
  object.Set("computed", event.computed);
  object.Set("queuedMs", event.queued_ms);
  object.Set("recallMs", event.recall_ms);
  return object;
}

Napi::Object delta(Napi::Env env, const DeltaEvent& event) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "delta");
  object.Set("run", static_cast<double>(event.run));
  object.Set("offset", event.offset);
  Napi::Array tokens = Napi::Array::New(env, event.tokens.size());
  for (uint32_t i = 0; i < event.tokens.size(); ++i) tokens.Set(i, event.tokens[i]);
  object.Set("tokens", tokens);
  if (event.has_logprobs) object.Set("logprobs", write_logprobs(env, event.logprobs));
  return object;
}

Napi::Object ended(Napi::Env env, const EndedEvent& event) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "ended");
  object.Set("run", static_cast<double>(event.run));
  object.Set("finish", finish_name(event.finish));
  if (!event.message.empty()) object.Set("message", event.message);
  object.Set("generated", event.generated);
  object.Set("hit", event.hit);
  object.Set("recalled", event.recalled);
  object.Set("computed", event.computed);
  object.Set("queuedMs", event.queued_ms);
  object.Set("recallMs", event.recall_ms);
  object.Set("firstTokenMs", event.first_token_ms);
  object.Set("totalMs", event.total_ms);
  object.Set("engineMs", event.engine_ms);
  Napi::ArrayBuffer chain = Napi::ArrayBuffer::New(env, event.chain.size() * sizeof(BlockName));
  if (!event.chain.empty()) std::memcpy(chain.Data(), event.chain.data(), chain.ByteLength());
  object.Set("chain", Napi::Uint8Array::New(env, chain.ByteLength(), chain, 0));
  return object;
}

Napi::Object moved(Napi::Env env, const MovedEvent& event) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "moved");
  object.Set("lane", event.lane);
  object.Set("what", event.kind == MoveKind::kDemote ? "demote" : "recall");
  object.Set("blocks", event.blocks);
  object.Set("bytes", static_cast<double>(event.bytes));
  object.Set("ms", event.ms);
  object.Set("cancelled", event.is_cancelled);
  return object;
}

Napi::Array write_profile(Napi::Env env, const LoopStats& stats) {
  Napi::Array array = Napi::Array::New(env);
  uint32_t count = 0;
  for (size_t i = 0; i < kProfileOps; ++i) {
    const Profile::Row& row = stats.profile[i];
    if (row.calls == 0) continue;
    Napi::Object object = Napi::Object::New(env);
    object.Set("op", profile_op_name(static_cast<ProfileOp>(i)));
    object.Set("calls", static_cast<double>(row.calls));
    object.Set("ms", row.ms);
    object.Set("bytes", row.bytes);
    object.Set("flops", row.flops);
    object.Set("shareOfCeiling", stats.ceiling_shares[i]);
    array.Set(count++, object);
  }
  return array;
}

}  // namespace

// All names of a batch lie in one buffer: thousands of 16-byte buffers would cost more than the copy.
Napi::Array write_blocks(Napi::Env env, const std::vector<BlockEvent>& events) {
  Napi::Array array = Napi::Array::New(env, events.size());
  Napi::ArrayBuffer names = Napi::ArrayBuffer::New(env, events.size() * 32);
  auto* bytes = static_cast<uint8_t*>(names.Data());
  for (uint32_t i = 0; i < events.size(); ++i) {
    Napi::HandleScope scope(env);
    const BlockEvent& event = events[i];
    std::copy(event.name.begin(), event.name.end(), bytes + 32 * i);
    std::copy(event.parent.begin(), event.parent.end(), bytes + 32 * i + 16);
    Napi::Object object = Napi::Object::New(env);
    object.Set("op", event.is_stored ? "stored" : "removed");
    object.Set("tier", event.tier == Tier::kHbm ? "hbm" : "dram");
    object.Set("name", Napi::Uint8Array::New(env, 16, names, 32 * i));
    object.Set("parent", Napi::Uint8Array::New(env, 16, names, 32 * i + 16));
    object.Set("evicted", event.is_evicted);
    array.Set(i, object);
  }
  return array;
}

Napi::Object write_event(Napi::Env env, const EngineEvent& event) {
  if (const auto* at = std::get_if<StartedEvent>(&event)) return started(env, *at);
  if (const auto* at = std::get_if<DeltaEvent>(&event)) return delta(env, *at);
  if (const auto* at = std::get_if<EndedEvent>(&event)) return ended(env, *at);
  if (const auto* at = std::get_if<MovedEvent>(&event)) return moved(env, *at);
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "blocks");
  object.Set("events", write_blocks(env, std::get<BlocksEvent>(event).events));
  return object;
}

Napi::Object write_stats(Napi::Env env, const LoopStats& stats) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* field, auto value) { object.Set(field, static_cast<double>(value)); };
  set("hbmBlocks", stats.hbm_blocks);
  set("hbmFree", stats.hbm_free);
  set("hbmAvailable", stats.hbm_available);
  set("dramBlocks", stats.dram_blocks);
  set("dramFree", stats.dram_free);
  set("waiting", stats.waiting);
  set("running", stats.running);
  set("lanes", stats.lanes);
  set("demotedBlocks", stats.demoted);
  set("recalledBlocks", stats.recalled);
  set("evictedBlocks", stats.evicted);
  set("promptTokens", stats.prompt_tokens);
  set("generatedTokens", stats.generated_tokens);
  set("iterations", stats.iterations);
  set("draftedTokens", stats.drafted_tokens);
  set("acceptedTokens", stats.accepted_tokens);
  set("preemptions", stats.preempted);
  set("busyMs", stats.busy_ms);
  set("ownMs", stats.own_ms);
  set("prefillTokensPerS", stats.prefill_tokens_per_s);
  set("decodeTokensPerS", stats.decode_tokens_per_s);
  set("recallBytesPerS", stats.recall_bytes_per_s);
  if (stats.has_profile) object.Set("profile", write_profile(env, stats));
  return object;
}

}  // namespace slackwater
