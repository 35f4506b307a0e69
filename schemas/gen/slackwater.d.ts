import * as $protobuf from "protobufjs/minimal.js";
type Long = { readonly low: number; readonly high: number; readonly unsigned: boolean };
export namespace slackwater {
 namespace v1 {
  interface IBill extends slackwater.v1.Bill.$Properties {
  }
  class Bill {
   constructor(properties?: slackwater.v1.Bill.$Properties);
   $unknowns?: Uint8Array[];
   partition: number;
   epoch: (number|Long);
   cursor: (number|Long);
   rows: slackwater.v1.BillRow.$Properties[];
   static encode(message: slackwater.v1.Bill.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Bill & slackwater.v1.Bill.$Shape;
  }
  namespace Bill {
   interface $Properties {
    partition?: (number|null);
    epoch?: (number|Long|null);
    cursor?: (number|Long|null);
    rows?: (slackwater.v1.BillRow.$Properties[]|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Bill.$Properties;
  }
  interface IBillRow extends slackwater.v1.BillRow.$Properties {
  }
  class BillRow {
   constructor(properties?: slackwater.v1.BillRow.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   tenant: string;
   steps: number;
   usage?: (slackwater.v1.BillUsage.$Properties|null);
   acceleratorMs: number;
   costUsd: number;
   static encode(message: slackwater.v1.BillRow.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.BillRow & slackwater.v1.BillRow.$Shape;
  }
  namespace BillRow {
   interface $Properties {
    trace?: (string|null);
    tenant?: (string|null);
    steps?: (number|null);
    usage?: (slackwater.v1.BillUsage.$Properties|null);
    acceleratorMs?: (number|null);
    costUsd?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.BillRow.$Properties;
  }
  interface IBillUsage extends slackwater.v1.BillUsage.$Properties {
  }
  class BillUsage {
   constructor(properties?: slackwater.v1.BillUsage.$Properties);
   $unknowns?: Uint8Array[];
   prompt: (number|Long);
   hit: (number|Long);
   recalled: (number|Long);
   computed: (number|Long);
   generated: (number|Long);
   static encode(message: slackwater.v1.BillUsage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.BillUsage & slackwater.v1.BillUsage.$Shape;
  }
  namespace BillUsage {
   interface $Properties {
    prompt?: (number|Long|null);
    hit?: (number|Long|null);
    recalled?: (number|Long|null);
    computed?: (number|Long|null);
    generated?: (number|Long|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.BillUsage.$Properties;
  }
  interface IPromptRef extends slackwater.v1.PromptRef.$Properties {
  }
  class PromptRef {
   constructor(properties?: slackwater.v1.PromptRef.$Properties);
   $unknowns?: Uint8Array[];
   pages: string[];
   tail: number[];
   tailChain: Uint8Array;
   tokens: number;
   static encode(message: slackwater.v1.PromptRef.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.PromptRef & slackwater.v1.PromptRef.$Shape;
  }
  namespace PromptRef {
   interface $Properties {
    pages?: (string[]|null);
    tail?: (number[]|null);
    tailChain?: (Uint8Array|null);
    tokens?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.PromptRef.$Properties;
  }
  interface IPage extends slackwater.v1.Page.$Properties {
  }
  class Page {
   constructor(properties?: slackwater.v1.Page.$Properties);
   $unknowns?: Uint8Array[];
   parent: string;
   tokens: number[];
   chain: Uint8Array;
   static encode(message: slackwater.v1.Page.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Page & slackwater.v1.Page.$Shape;
  }
  namespace Page {
   interface $Properties {
    parent?: (string|null);
    tokens?: (number[]|null);
    chain?: (Uint8Array|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Page.$Properties;
  }
  interface ISplice extends slackwater.v1.Splice.$Properties {
  }
  class Splice {
   constructor(properties?: slackwater.v1.Splice.$Properties);
   $unknowns?: Uint8Array[];
   tokens: number[];
   count?: (number|null);
   static encode(message: slackwater.v1.Splice.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Splice & slackwater.v1.Splice.$Shape;
  }
  namespace Splice {
   interface $Properties {
    tokens?: (number[]|null);
    count?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Splice.$Properties;
  }
  interface ISampling extends slackwater.v1.Sampling.$Properties {
  }
  class Sampling {
   constructor(properties?: slackwater.v1.Sampling.$Properties);
   $unknowns?: Uint8Array[];
   maxTokens: number;
   temperature: number;
   topP: number;
   topK: number;
   seed: (number|Long);
   stop: string[];
   logprobs: number;
   static encode(message: slackwater.v1.Sampling.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Sampling & slackwater.v1.Sampling.$Shape;
  }
  namespace Sampling {
   interface $Properties {
    maxTokens?: (number|null);
    temperature?: (number|null);
    topP?: (number|null);
    topK?: (number|null);
    seed?: (number|Long|null);
    stop?: (string[]|null);
    logprobs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Sampling.$Properties;
  }
  interface IUsage extends slackwater.v1.Usage.$Properties {
  }
  class Usage {
   constructor(properties?: slackwater.v1.Usage.$Properties);
   $unknowns?: Uint8Array[];
   prompt: number;
   hit: number;
   recalled: number;
   computed: number;
   generated: number;
   static encode(message: slackwater.v1.Usage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Usage & slackwater.v1.Usage.$Shape;
  }
  namespace Usage {
   interface $Properties {
    prompt?: (number|null);
    hit?: (number|null);
    recalled?: (number|null);
    computed?: (number|null);
    generated?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Usage.$Properties;
  }
  interface ITiming extends slackwater.v1.Timing.$Properties {
  }
  class Timing {
   constructor(properties?: slackwater.v1.Timing.$Properties);
   $unknowns?: Uint8Array[];
   queuedMs: number;
   recallMs: number;
   firstTokenMs: number;
   totalMs: number;
   static encode(message: slackwater.v1.Timing.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Timing & slackwater.v1.Timing.$Shape;
  }
  namespace Timing {
   interface $Properties {
    queuedMs?: (number|null);
    recallMs?: (number|null);
    firstTokenMs?: (number|null);
    totalMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Timing.$Properties;
  }
  interface ITokenChance extends slackwater.v1.TokenChance.$Properties {
  }
  class TokenChance {
   constructor(properties?: slackwater.v1.TokenChance.$Properties);
   $unknowns?: Uint8Array[];
   token: number;
   logprob: number;
   static encode(message: slackwater.v1.TokenChance.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.TokenChance & slackwater.v1.TokenChance.$Shape;
  }
  namespace TokenChance {
   interface $Properties {
    token?: (number|null);
    logprob?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.TokenChance.$Properties;
  }
  interface ITokenLogprob extends slackwater.v1.TokenLogprob.$Properties {
  }
  class TokenLogprob {
   constructor(properties?: slackwater.v1.TokenLogprob.$Properties);
   $unknowns?: Uint8Array[];
   token: number;
   logprob: number;
   top: slackwater.v1.TokenChance.$Properties[];
   static encode(message: slackwater.v1.TokenLogprob.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.TokenLogprob & slackwater.v1.TokenLogprob.$Shape;
  }
  namespace TokenLogprob {
   interface $Properties {
    token?: (number|null);
    logprob?: (number|null);
    top?: (slackwater.v1.TokenChance.$Properties[]|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.TokenLogprob.$Properties;
  }
  enum StepClass {
   STEP_CLASS_UNSPECIFIED = 0,
   STEP_CLASS_INTERACTIVE = 1,
   STEP_CLASS_AGENT = 2,
   STEP_CLASS_BACKGROUND = 3
  }
  enum Lane {
   LANE_UNSPECIFIED = 0,
   LANE_MAIN = 1,
   LANE_SIDE = 2
  }
  enum Finish {
   FINISH_UNSPECIFIED = 0,
   FINISH_STOP = 1,
   FINISH_LENGTH = 2,
   FINISH_TOOL_CALLS = 3,
   FINISH_CANCELLED = 4
  }
  enum Outcome {
   OUTCOME_UNSPECIFIED = 0,
   OUTCOME_FINISHED = 1,
   OUTCOME_ABANDONED = 2,
   OUTCOME_FAILED = 3,
   OUTCOME_CANCELLED = 4
  }
  enum Tier {
   TIER_UNSPECIFIED = 0,
   TIER_HBM = 1,
   TIER_DRAM = 2
  }
  enum Retry {
   RETRY_UNSPECIFIED = 0,
   RETRY_NEVER = 1,
   RETRY_LATER = 2,
   RETRY_ELSEWHERE = 3
  }
  enum TraceState {
   TRACE_STATE_UNSPECIFIED = 0,
   TRACE_STATE_START = 1,
   TRACE_STATE_RUNNING = 2,
   TRACE_STATE_TOOL_GAP = 3,
   TRACE_STATE_FAN_OUT = 4,
   TRACE_STATE_RESUMED = 5,
   TRACE_STATE_DONE = 6
  }
  interface IEvt extends slackwater.v1.Evt.$Properties {
  }
  class Evt {
   constructor(properties?: slackwater.v1.Evt.$Properties);
   $unknowns?: Uint8Array[];
   decision?: (slackwater.v1.Decision.$Properties|null);
   transition?: (slackwater.v1.TransitionEvent.$Properties|null);
   evt?: ("decision"|"transition");
   static encode(message: slackwater.v1.Evt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Evt & slackwater.v1.Evt.$Shape;
  }
  namespace Evt {
   interface $Properties {
    decision?: (slackwater.v1.Decision.$Properties|null);
    transition?: (slackwater.v1.TransitionEvent.$Properties|null);
    evt?: ("decision"|"transition");
    $unknowns?: Uint8Array[];
   }
   type $Shape = {
     decision?: slackwater.v1.Decision.$Shape|null;
     transition?: slackwater.v1.TransitionEvent.$Shape|null;
     $unknowns?: Uint8Array[];
   } & (
     ({ evt?: undefined; decision?: null; transition?: null }|{ evt?: "decision"; decision: slackwater.v1.Decision.$Shape; transition?: null }|{ evt?: "transition"; decision?: null; transition: slackwater.v1.TransitionEvent.$Shape })
   );
  }
  enum DecisionWhat {
   DECISION_WHAT_UNSPECIFIED = 0,
   DECISION_WHAT_PLACE = 1,
   DECISION_WHAT_ORDER = 2,
   DECISION_WHAT_DEMOTE = 3,
   DECISION_WHAT_RECALL = 4,
   DECISION_WHAT_PIN = 5,
   DECISION_WHAT_UNPIN = 6,
   DECISION_WHAT_EVICT = 7,
   DECISION_WHAT_GANG = 8,
   DECISION_WHAT_MIGRATE = 9,
   DECISION_WHAT_DEFER = 10,
   DECISION_WHAT_REGIME = 11
  }
  interface IDecision extends slackwater.v1.Decision.$Properties {
  }
  class Decision {
   constructor(properties?: slackwater.v1.Decision.$Properties);
   $unknowns?: Uint8Array[];
   atMs: number;
   trace: string;
   step: string;
   what: slackwater.v1.DecisionWhat;
   choice: string;
   policy: string;
   regime: string;
   why: string;
   alternatives: slackwater.v1.Alternative.$Properties[];
   forecast?: (slackwater.v1.Forecast.$Properties|null);
   outcome?: (slackwater.v1.DecisionOutcome.$Properties|null);
   static encode(message: slackwater.v1.Decision.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Decision & slackwater.v1.Decision.$Shape;
  }
  namespace Decision {
   interface $Properties {
    atMs?: (number|null);
    trace?: (string|null);
    step?: (string|null);
    what?: (slackwater.v1.DecisionWhat|null);
    choice?: (string|null);
    policy?: (string|null);
    regime?: (string|null);
    why?: (string|null);
    alternatives?: (slackwater.v1.Alternative.$Properties[]|null);
    forecast?: (slackwater.v1.Forecast.$Properties|null);
    outcome?: (slackwater.v1.DecisionOutcome.$Properties|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Decision.$Properties;
  }
  interface IAlternative extends slackwater.v1.Alternative.$Properties {
  }
  class Alternative {
   constructor(properties?: slackwater.v1.Alternative.$Properties);
   $unknowns?: Uint8Array[];
   choice: string;
   score: number;
   static encode(message: slackwater.v1.Alternative.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Alternative & slackwater.v1.Alternative.$Shape;
  }
  namespace Alternative {
   interface $Properties {
    choice?: (string|null);
    score?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Alternative.$Properties;
  }
  interface IForecast extends slackwater.v1.Forecast.$Properties {
  }
  class Forecast {
   constructor(properties?: slackwater.v1.Forecast.$Properties);
   $unknowns?: Uint8Array[];
   resumeP50Ms: number;
   resumeP95Ms: number;
   static encode(message: slackwater.v1.Forecast.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Forecast & slackwater.v1.Forecast.$Shape;
  }
  namespace Forecast {
   interface $Properties {
    resumeP50Ms?: (number|null);
    resumeP95Ms?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Forecast.$Properties;
  }
  interface IDecisionOutcome extends slackwater.v1.DecisionOutcome.$Properties {
  }
  class DecisionOutcome {
   constructor(properties?: slackwater.v1.DecisionOutcome.$Properties);
   $unknowns?: Uint8Array[];
   firstTokenMs: number;
   promisedMs: number;
   static encode(message: slackwater.v1.DecisionOutcome.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.DecisionOutcome & slackwater.v1.DecisionOutcome.$Shape;
  }
  namespace DecisionOutcome {
   interface $Properties {
    firstTokenMs?: (number|null);
    promisedMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.DecisionOutcome.$Properties;
  }
  interface ITransitionEvent extends slackwater.v1.TransitionEvent.$Properties {
  }
  class TransitionEvent {
   constructor(properties?: slackwater.v1.TransitionEvent.$Properties);
   $unknowns?: Uint8Array[];
   atMs: number;
   trace: string;
   tenant: string;
   parent?: (string|null);
   from: slackwater.v1.TraceState;
   to: slackwater.v1.TraceState;
   step: string;
   seq: number;
   worker: string;
   usage?: (slackwater.v1.Usage.$Properties|null);
   outcome?: (slackwater.v1.Outcome|null);
   static encode(message: slackwater.v1.TransitionEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.TransitionEvent & slackwater.v1.TransitionEvent.$Shape;
  }
  namespace TransitionEvent {
   interface $Properties {
    atMs?: (number|null);
    trace?: (string|null);
    tenant?: (string|null);
    parent?: (string|null);
    from?: (slackwater.v1.TraceState|null);
    to?: (slackwater.v1.TraceState|null);
    step?: (string|null);
    seq?: (number|null);
    worker?: (string|null);
    usage?: (slackwater.v1.Usage.$Properties|null);
    outcome?: (slackwater.v1.Outcome|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.TransitionEvent.$Properties;
  }
  interface IStepRequest extends slackwater.v1.StepRequest.$Properties {
  }
  class StepRequest {
   constructor(properties?: slackwater.v1.StepRequest.$Properties);
   $unknowns?: Uint8Array[];
   v: number;
   id?: (string|null);
   trace?: (string|null);
   parent?: (string|null);
   seq?: (number|null);
   model?: (string|null);
   messages: slackwater.v1.ChatMessage.$Properties[];
   append: slackwater.v1.ChatMessage.$Properties[];
   tools: slackwater.v1.Tool.$Properties[];
   sampling?: (slackwater.v1.StepSampling.$Properties|null);
   class?: (slackwater.v1.StepClass|null);
   deadlineMs?: (number|null);
   end: boolean;
   reply?: (string|null);
   static encode(message: slackwater.v1.StepRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.StepRequest & slackwater.v1.StepRequest.$Shape;
  }
  namespace StepRequest {
   interface $Properties {
    v?: (number|null);
    id?: (string|null);
    trace?: (string|null);
    parent?: (string|null);
    seq?: (number|null);
    model?: (string|null);
    messages?: (slackwater.v1.ChatMessage.$Properties[]|null);
    append?: (slackwater.v1.ChatMessage.$Properties[]|null);
    tools?: (slackwater.v1.Tool.$Properties[]|null);
    sampling?: (slackwater.v1.StepSampling.$Properties|null);
    "class"?: (slackwater.v1.StepClass|null);
    deadlineMs?: (number|null);
    end?: (boolean|null);
    reply?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.StepRequest.$Properties;
  }
  interface IChatMessage extends slackwater.v1.ChatMessage.$Properties {
  }
  class ChatMessage {
   constructor(properties?: slackwater.v1.ChatMessage.$Properties);
   $unknowns?: Uint8Array[];
   role: string;
   content?: (string|null);
   name?: (string|null);
   toolCalls: slackwater.v1.ToolCall.$Properties[];
   toolCallId?: (string|null);
   static encode(message: slackwater.v1.ChatMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.ChatMessage & slackwater.v1.ChatMessage.$Shape;
  }
  namespace ChatMessage {
   interface $Properties {
    role?: (string|null);
    content?: (string|null);
    name?: (string|null);
    toolCalls?: (slackwater.v1.ToolCall.$Properties[]|null);
    toolCallId?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.ChatMessage.$Properties;
  }
  interface IToolCall extends slackwater.v1.ToolCall.$Properties {
  }
  class ToolCall {
   constructor(properties?: slackwater.v1.ToolCall.$Properties);
   $unknowns?: Uint8Array[];
   id: string;
   name: string;
   arguments: string;
   static encode(message: slackwater.v1.ToolCall.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.ToolCall & slackwater.v1.ToolCall.$Shape;
  }
  namespace ToolCall {
   interface $Properties {
    id?: (string|null);
    name?: (string|null);
    "arguments"?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.ToolCall.$Properties;
  }
  interface ITool extends slackwater.v1.Tool.$Properties {
  }
  class Tool {
   constructor(properties?: slackwater.v1.Tool.$Properties);
   $unknowns?: Uint8Array[];
   name: string;
   description?: (string|null);
   parametersJson?: (string|null);
   static encode(message: slackwater.v1.Tool.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Tool & slackwater.v1.Tool.$Shape;
  }
  namespace Tool {
   interface $Properties {
    name?: (string|null);
    description?: (string|null);
    parametersJson?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Tool.$Properties;
  }
  interface IStepSampling extends slackwater.v1.StepSampling.$Properties {
  }
  class StepSampling {
   constructor(properties?: slackwater.v1.StepSampling.$Properties);
   $unknowns?: Uint8Array[];
   maxTokens?: (number|null);
   temperature?: (number|null);
   topP?: (number|null);
   topK?: (number|null);
   seed?: (number|Long|null);
   stop: string[];
   static encode(message: slackwater.v1.StepSampling.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.StepSampling & slackwater.v1.StepSampling.$Shape;
  }
  namespace StepSampling {
   interface $Properties {
    maxTokens?: (number|null);
    temperature?: (number|null);
    topP?: (number|null);
    topK?: (number|null);
    seed?: (number|Long|null);
    stop?: (string[]|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.StepSampling.$Properties;
  }
  enum IdentityHow {
   IDENTITY_HOW_UNSPECIFIED = 0,
   IDENTITY_HOW_EXPLICIT = 1,
   IDENTITY_HOW_INFERRED = 2,
   IDENTITY_HOW_NEW = 3
  }
  interface IIdentity extends slackwater.v1.Identity.$Properties {
  }
  class Identity {
   constructor(properties?: slackwater.v1.Identity.$Properties);
   $unknowns?: Uint8Array[];
   how: slackwater.v1.IdentityHow;
   confidence: number;
   static encode(message: slackwater.v1.Identity.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Identity & slackwater.v1.Identity.$Shape;
  }
  namespace Identity {
   interface $Properties {
    how?: (slackwater.v1.IdentityHow|null);
    confidence?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Identity.$Properties;
  }
  interface IWho extends slackwater.v1.Who.$Properties {
  }
  class Who {
   constructor(properties?: slackwater.v1.Who.$Properties);
   $unknowns?: Uint8Array[];
   tenant: string;
   model: string;
   id: string;
   trace?: (string|null);
   parent?: (string|null);
   seq?: (number|null);
   chain: string[];
   static encode(message: slackwater.v1.Who.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Who & slackwater.v1.Who.$Shape;
  }
  namespace Who {
   interface $Properties {
    tenant?: (string|null);
    model?: (string|null);
    id?: (string|null);
    trace?: (string|null);
    parent?: (string|null);
    seq?: (number|null);
    chain?: (string[]|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Who.$Properties;
  }
  interface IWhoReply extends slackwater.v1.WhoReply.$Properties {
  }
  class WhoReply {
   constructor(properties?: slackwater.v1.WhoReply.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   parent?: (string|null);
   step: string;
   seq: number;
   lane: slackwater.v1.Lane;
   identity?: (slackwater.v1.Identity.$Properties|null);
   isKnown: boolean;
   static encode(message: slackwater.v1.WhoReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.WhoReply & slackwater.v1.WhoReply.$Shape;
  }
  namespace WhoReply {
   interface $Properties {
    trace?: (string|null);
    parent?: (string|null);
    step?: (string|null);
    seq?: (number|null);
    lane?: (slackwater.v1.Lane|null);
    identity?: (slackwater.v1.Identity.$Properties|null);
    isKnown?: (boolean|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.WhoReply.$Properties;
  }
  interface IInboxEvent extends slackwater.v1.InboxEvent.$Properties {
  }
  class InboxEvent {
   constructor(properties?: slackwater.v1.InboxEvent.$Properties);
   $unknowns?: Uint8Array[];
   stepAccepted?: (slackwater.v1.StepAccepted.$Properties|null);
   stepEnded?: (slackwater.v1.StepEnded.$Properties|null);
   stepFailed?: (slackwater.v1.StepFailed.$Properties|null);
   stepCancelled?: (slackwater.v1.StepCancelled.$Properties|null);
   childStarted?: (slackwater.v1.ChildStarted.$Properties|null);
   childEnded?: (slackwater.v1.ChildEnded.$Properties|null);
   endAsked?: (slackwater.v1.EndAsked.$Properties|null);
   event?: ("stepAccepted"|"stepEnded"|"stepFailed"|"stepCancelled"|"childStarted"|"childEnded"|"endAsked");
   static encode(message: slackwater.v1.InboxEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.InboxEvent & slackwater.v1.InboxEvent.$Shape;
  }
  namespace InboxEvent {
   interface $Properties {
    stepAccepted?: (slackwater.v1.StepAccepted.$Properties|null);
    stepEnded?: (slackwater.v1.StepEnded.$Properties|null);
    stepFailed?: (slackwater.v1.StepFailed.$Properties|null);
    stepCancelled?: (slackwater.v1.StepCancelled.$Properties|null);
    childStarted?: (slackwater.v1.ChildStarted.$Properties|null);
    childEnded?: (slackwater.v1.ChildEnded.$Properties|null);
    endAsked?: (slackwater.v1.EndAsked.$Properties|null);
    event?: ("stepAccepted"|"stepEnded"|"stepFailed"|"stepCancelled"|"childStarted"|"childEnded"|"endAsked");
    $unknowns?: Uint8Array[];
   }
   type $Shape = {
     stepAccepted?: slackwater.v1.StepAccepted.$Shape|null;
     stepEnded?: slackwater.v1.StepEnded.$Shape|null;
     stepFailed?: slackwater.v1.StepFailed.$Shape|null;
     stepCancelled?: slackwater.v1.StepCancelled.$Shape|null;
     childStarted?: slackwater.v1.ChildStarted.$Shape|null;
     childEnded?: slackwater.v1.ChildEnded.$Shape|null;
     endAsked?: slackwater.v1.EndAsked.$Shape|null;
     $unknowns?: Uint8Array[];
   } & (
     ({ event?: undefined; stepAccepted?: null; stepEnded?: null; stepFailed?: null; stepCancelled?: null; childStarted?: null; childEnded?: null; endAsked?: null }|{ event?: "stepAccepted"; stepAccepted: slackwater.v1.StepAccepted.$Shape; stepEnded?: null; stepFailed?: null; stepCancelled?: null; childStarted?: null; childEnded?: null; endAsked?: null }|{ event?: "stepEnded"; stepAccepted?: null; stepEnded: slackwater.v1.StepEnded.$Shape; stepFailed?: null; stepCancelled?: null; childStarted?: null; childEnded?: null; endAsked?: null }|{ event?: "stepFailed"; stepAccepted?: null; stepEnded?: null; stepFailed: slackwater.v1.StepFailed.$Shape; stepCancelled?: null; childStarted?: null; childEnded?: null; endAsked?: null }|{ event?: "stepCancelled"; stepAccepted?: null; stepEnded?: null; stepFailed?: null; stepCancelled: slackwater.v1.StepCancelled.$Shape; childStarted?: null; childEnded?: null; endAsked?: null }|{ event?: "childStarted"; stepAccepted?: null; stepEnded?: null; stepFailed?: null; stepCancelled?: null; childStarted: slackwater.v1.ChildStarted.$Shape; childEnded?: null; endAsked?: null }|{ event?: "childEnded"; stepAccepted?: null; stepEnded?: null; stepFailed?: null; stepCancelled?: null; childStarted?: null; childEnded: slackwater.v1.ChildEnded.$Shape; endAsked?: null }|{ event?: "endAsked"; stepAccepted?: null; stepEnded?: null; stepFailed?: null; stepCancelled?: null; childStarted?: null; childEnded?: null; endAsked: slackwater.v1.EndAsked.$Shape })
   );
  }
  interface IStepAccepted extends slackwater.v1.StepAccepted.$Properties {
  }
  class StepAccepted {
   constructor(properties?: slackwater.v1.StepAccepted.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   id: string;
   tenant: string;
   parent?: (string|null);
   lane: slackwater.v1.Lane;
   seq: number;
   isSeqGiven: boolean;
   model: string;
   prompt?: (slackwater.v1.PromptRef.$Properties|null);
   messageChain: string;
   sampling?: (slackwater.v1.Sampling.$Properties|null);
   class: slackwater.v1.StepClass;
   deadlineMs: number;
   identity?: (slackwater.v1.Identity.$Properties|null);
   atMs: number;
   static encode(message: slackwater.v1.StepAccepted.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.StepAccepted & slackwater.v1.StepAccepted.$Shape;
  }
  namespace StepAccepted {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    id?: (string|null);
    tenant?: (string|null);
    parent?: (string|null);
    lane?: (slackwater.v1.Lane|null);
    seq?: (number|null);
    isSeqGiven?: (boolean|null);
    model?: (string|null);
    prompt?: (slackwater.v1.PromptRef.$Properties|null);
    messageChain?: (string|null);
    sampling?: (slackwater.v1.Sampling.$Properties|null);
    "class"?: (slackwater.v1.StepClass|null);
    deadlineMs?: (number|null);
    identity?: (slackwater.v1.Identity.$Properties|null);
    atMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.StepAccepted.$Properties;
  }
  interface IStepEnded extends slackwater.v1.StepEnded.$Properties {
  }
  class StepEnded {
   constructor(properties?: slackwater.v1.StepEnded.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   attempt: number;
   worker: string;
   tokens: number[];
   finish: slackwater.v1.Finish;
   usage?: (slackwater.v1.Usage.$Properties|null);
   timing?: (slackwater.v1.Timing.$Properties|null);
   acceleratorMs: number;
   logprobs: slackwater.v1.TokenLogprob.$Properties[];
   chain: Uint8Array;
   static encode(message: slackwater.v1.StepEnded.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.StepEnded & slackwater.v1.StepEnded.$Shape;
  }
  namespace StepEnded {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    attempt?: (number|null);
    worker?: (string|null);
    tokens?: (number[]|null);
    finish?: (slackwater.v1.Finish|null);
    usage?: (slackwater.v1.Usage.$Properties|null);
    timing?: (slackwater.v1.Timing.$Properties|null);
    acceleratorMs?: (number|null);
    logprobs?: (slackwater.v1.TokenLogprob.$Properties[]|null);
    chain?: (Uint8Array|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.StepEnded.$Properties;
  }
  interface IStepFailed extends slackwater.v1.StepFailed.$Properties {
  }
  class StepFailed {
   constructor(properties?: slackwater.v1.StepFailed.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   attempt: number;
   worker: string;
   code: string;
   message: string;
   retry: slackwater.v1.Retry;
   acceleratorMs: number;
   static encode(message: slackwater.v1.StepFailed.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.StepFailed & slackwater.v1.StepFailed.$Shape;
  }
  namespace StepFailed {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    attempt?: (number|null);
    worker?: (string|null);
    code?: (string|null);
    message?: (string|null);
    retry?: (slackwater.v1.Retry|null);
    acceleratorMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.StepFailed.$Properties;
  }
  interface IStepCancelled extends slackwater.v1.StepCancelled.$Properties {
  }
  class StepCancelled {
   constructor(properties?: slackwater.v1.StepCancelled.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   reason: string;
   static encode(message: slackwater.v1.StepCancelled.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.StepCancelled & slackwater.v1.StepCancelled.$Shape;
  }
  namespace StepCancelled {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    reason?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.StepCancelled.$Properties;
  }
  interface IChildStarted extends slackwater.v1.ChildStarted.$Properties {
  }
  class ChildStarted {
   constructor(properties?: slackwater.v1.ChildStarted.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   child: string;
   static encode(message: slackwater.v1.ChildStarted.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.ChildStarted & slackwater.v1.ChildStarted.$Shape;
  }
  namespace ChildStarted {
   interface $Properties {
    trace?: (string|null);
    child?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.ChildStarted.$Properties;
  }
  interface IChildEnded extends slackwater.v1.ChildEnded.$Properties {
  }
  class ChildEnded {
   constructor(properties?: slackwater.v1.ChildEnded.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   child: string;
   outcome: slackwater.v1.Outcome;
   static encode(message: slackwater.v1.ChildEnded.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.ChildEnded & slackwater.v1.ChildEnded.$Shape;
  }
  namespace ChildEnded {
   interface $Properties {
    trace?: (string|null);
    child?: (string|null);
    outcome?: (slackwater.v1.Outcome|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.ChildEnded.$Properties;
  }
  interface IEndAsked extends slackwater.v1.EndAsked.$Properties {
  }
  class EndAsked {
   constructor(properties?: slackwater.v1.EndAsked.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   outcome: slackwater.v1.Outcome;
   reason: string;
   static encode(message: slackwater.v1.EndAsked.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.EndAsked & slackwater.v1.EndAsked.$Shape;
  }
  namespace EndAsked {
   interface $Properties {
    trace?: (string|null);
    outcome?: (slackwater.v1.Outcome|null);
    reason?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.EndAsked.$Properties;
  }
  interface IFirstToken extends slackwater.v1.FirstToken.$Properties {
  }
  class FirstToken {
   constructor(properties?: slackwater.v1.FirstToken.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   attempt: number;
   hit: number;
   recalled: number;
   computed: number;
   static encode(message: slackwater.v1.FirstToken.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.FirstToken & slackwater.v1.FirstToken.$Shape;
  }
  namespace FirstToken {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    attempt?: (number|null);
    hit?: (number|null);
    recalled?: (number|null);
    computed?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.FirstToken.$Properties;
  }
  enum Role {
   ROLE_UNSPECIFIED = 0,
   ROLE_WORKER = 1,
   ROLE_CONDUCTOR = 2,
   ROLE_GATEWAY = 3
  }
  interface IBeat extends slackwater.v1.Beat.$Properties {
  }
  class Beat {
   constructor(properties?: slackwater.v1.Beat.$Properties);
   $unknowns?: Uint8Array[];
   node: string;
   role: slackwater.v1.Role;
   epoch: (number|Long);
   seq: (number|Long);
   atMs: number;
   worker?: (slackwater.v1.WorkerLoad.$Properties|null);
   claim?: (slackwater.v1.Claim.$Properties|null);
   static encode(message: slackwater.v1.Beat.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Beat & slackwater.v1.Beat.$Shape;
  }
  namespace Beat {
   interface $Properties {
    node?: (string|null);
    role?: (slackwater.v1.Role|null);
    epoch?: (number|Long|null);
    seq?: (number|Long|null);
    atMs?: (number|null);
    worker?: (slackwater.v1.WorkerLoad.$Properties|null);
    claim?: (slackwater.v1.Claim.$Properties|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Beat.$Properties;
  }
  interface IClaim extends slackwater.v1.Claim.$Properties {
  }
  class Claim {
   constructor(properties?: slackwater.v1.Claim.$Properties);
   $unknowns?: Uint8Array[];
   worker: string;
   step: string;
   blocks: number;
   sinceMs: number;
   static encode(message: slackwater.v1.Claim.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Claim & slackwater.v1.Claim.$Shape;
  }
  namespace Claim {
   interface $Properties {
    worker?: (string|null);
    step?: (string|null);
    blocks?: (number|null);
    sinceMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Claim.$Properties;
  }
  interface IWorkerLoad extends slackwater.v1.WorkerLoad.$Properties {
  }
  class WorkerLoad {
   constructor(properties?: slackwater.v1.WorkerLoad.$Properties);
   $unknowns?: Uint8Array[];
   model: string;
   weights: string;
   numerics: string;
   contextLength: number;
   blockBytes: (number|Long);
   device: string;
   runsMax: number;
   running: number;
   waiting: number;
   hbmBlocks: number;
   hbmGrantable: number;
   hbmUsed: number;
   dramBlocks: number;
   dramUsed: number;
   prefillTokensPerS: number;
   decodeTokensPerS: number;
   recallBytesPerS: number;
   backlogTokens: (number|Long);
   counters?: (slackwater.v1.WorkerCounters.$Properties|null);
   static encode(message: slackwater.v1.WorkerLoad.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.WorkerLoad & slackwater.v1.WorkerLoad.$Shape;
  }
  namespace WorkerLoad {
   interface $Properties {
    model?: (string|null);
    weights?: (string|null);
    numerics?: (string|null);
    contextLength?: (number|null);
    blockBytes?: (number|Long|null);
    device?: (string|null);
    runsMax?: (number|null);
    running?: (number|null);
    waiting?: (number|null);
    hbmBlocks?: (number|null);
    hbmGrantable?: (number|null);
    hbmUsed?: (number|null);
    dramBlocks?: (number|null);
    dramUsed?: (number|null);
    prefillTokensPerS?: (number|null);
    decodeTokensPerS?: (number|null);
    recallBytesPerS?: (number|null);
    backlogTokens?: (number|Long|null);
    counters?: (slackwater.v1.WorkerCounters.$Properties|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.WorkerLoad.$Properties;
  }
  interface IWorkerCounters extends slackwater.v1.WorkerCounters.$Properties {
  }
  class WorkerCounters {
   constructor(properties?: slackwater.v1.WorkerCounters.$Properties);
   $unknowns?: Uint8Array[];
   demotedBlocks: (number|Long);
   recalledBlocks: (number|Long);
   evictedBlocks: (number|Long);
   migratedBlocks: (number|Long);
   promptTokens: (number|Long);
   generatedTokens: (number|Long);
   iterations: (number|Long);
   busyMs: number;
   static encode(message: slackwater.v1.WorkerCounters.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.WorkerCounters & slackwater.v1.WorkerCounters.$Shape;
  }
  namespace WorkerCounters {
   interface $Properties {
    demotedBlocks?: (number|Long|null);
    recalledBlocks?: (number|Long|null);
    evictedBlocks?: (number|Long|null);
    migratedBlocks?: (number|Long|null);
    promptTokens?: (number|Long|null);
    generatedTokens?: (number|Long|null);
    iterations?: (number|Long|null);
    busyMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.WorkerCounters.$Properties;
  }
  interface ISnapshotAsked extends slackwater.v1.SnapshotAsked.$Properties {
  }
  class SnapshotAsked {
   constructor(properties?: slackwater.v1.SnapshotAsked.$Properties);
   $unknowns?: Uint8Array[];
   from?: (number|null);
   static encode(message: slackwater.v1.SnapshotAsked.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.SnapshotAsked & slackwater.v1.SnapshotAsked.$Shape;
  }
  namespace SnapshotAsked {
   interface $Properties {
    from?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.SnapshotAsked.$Properties;
  }
  interface IBlockEvents extends slackwater.v1.BlockEvents.$Properties {
  }
  class BlockEvents {
   constructor(properties?: slackwater.v1.BlockEvents.$Properties);
   $unknowns?: Uint8Array[];
   node: string;
   epoch: (number|Long);
   seq: (number|Long);
   isSnapshot: boolean;
   events: slackwater.v1.BlockEvent.$Properties[];
   from: number;
   next: number;
   static encode(message: slackwater.v1.BlockEvents.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.BlockEvents & slackwater.v1.BlockEvents.$Shape;
  }
  namespace BlockEvents {
   interface $Properties {
    node?: (string|null);
    epoch?: (number|Long|null);
    seq?: (number|Long|null);
    isSnapshot?: (boolean|null);
    events?: (slackwater.v1.BlockEvent.$Properties[]|null);
    from?: (number|null);
    next?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.BlockEvents.$Properties;
  }
  enum BlockOp {
   BLOCK_OP_UNSPECIFIED = 0,
   BLOCK_OP_STORED = 1,
   BLOCK_OP_REMOVED = 2
  }
  interface IBlockEvent extends slackwater.v1.BlockEvent.$Properties {
  }
  class BlockEvent {
   constructor(properties?: slackwater.v1.BlockEvent.$Properties);
   $unknowns?: Uint8Array[];
   op: slackwater.v1.BlockOp;
   tier: slackwater.v1.Tier;
   chain: Uint8Array;
   static encode(message: slackwater.v1.BlockEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.BlockEvent & slackwater.v1.BlockEvent.$Shape;
  }
  namespace BlockEvent {
   interface $Properties {
    op?: (slackwater.v1.BlockOp|null);
    tier?: (slackwater.v1.Tier|null);
    chain?: (Uint8Array|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.BlockEvent.$Properties;
  }
  interface IOrder extends slackwater.v1.Order.$Properties {
  }
  class Order {
   constructor(properties?: slackwater.v1.Order.$Properties);
   $unknowns?: Uint8Array[];
   fence?: (slackwater.v1.Fence.$Properties|null);
   run?: (slackwater.v1.RunOrder.$Properties|null);
   cancel?: (slackwater.v1.CancelOrder.$Properties|null);
   gap?: (slackwater.v1.GapOrder.$Properties|null);
   pin?: (slackwater.v1.PinOrder.$Properties|null);
   unpin?: (slackwater.v1.UnpinOrder.$Properties|null);
   drop?: (slackwater.v1.DropOrder.$Properties|null);
   order?: ("run"|"cancel"|"gap"|"pin"|"unpin"|"drop");
   static encode(message: slackwater.v1.Order.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Order & slackwater.v1.Order.$Shape;
  }
  namespace Order {
   interface $Properties {
    fence?: (slackwater.v1.Fence.$Properties|null);
    run?: (slackwater.v1.RunOrder.$Properties|null);
    cancel?: (slackwater.v1.CancelOrder.$Properties|null);
    gap?: (slackwater.v1.GapOrder.$Properties|null);
    pin?: (slackwater.v1.PinOrder.$Properties|null);
    unpin?: (slackwater.v1.UnpinOrder.$Properties|null);
    drop?: (slackwater.v1.DropOrder.$Properties|null);
    order?: ("run"|"cancel"|"gap"|"pin"|"unpin"|"drop");
    $unknowns?: Uint8Array[];
   }
   type $Shape = {
     fence?: slackwater.v1.Fence.$Shape|null;
     run?: slackwater.v1.RunOrder.$Shape|null;
     cancel?: slackwater.v1.CancelOrder.$Shape|null;
     gap?: slackwater.v1.GapOrder.$Shape|null;
     pin?: slackwater.v1.PinOrder.$Shape|null;
     unpin?: slackwater.v1.UnpinOrder.$Shape|null;
     drop?: slackwater.v1.DropOrder.$Shape|null;
     $unknowns?: Uint8Array[];
   } & (
     ({ order?: undefined; run?: null; cancel?: null; gap?: null; pin?: null; unpin?: null; drop?: null }|{ order?: "run"; run: slackwater.v1.RunOrder.$Shape; cancel?: null; gap?: null; pin?: null; unpin?: null; drop?: null }|{ order?: "cancel"; run?: null; cancel: slackwater.v1.CancelOrder.$Shape; gap?: null; pin?: null; unpin?: null; drop?: null }|{ order?: "gap"; run?: null; cancel?: null; gap: slackwater.v1.GapOrder.$Shape; pin?: null; unpin?: null; drop?: null }|{ order?: "pin"; run?: null; cancel?: null; gap?: null; pin: slackwater.v1.PinOrder.$Shape; unpin?: null; drop?: null }|{ order?: "unpin"; run?: null; cancel?: null; gap?: null; pin?: null; unpin: slackwater.v1.UnpinOrder.$Shape; drop?: null }|{ order?: "drop"; run?: null; cancel?: null; gap?: null; pin?: null; unpin?: null; drop: slackwater.v1.DropOrder.$Shape })
   );
  }
  interface IFence extends slackwater.v1.Fence.$Properties {
  }
  class Fence {
   constructor(properties?: slackwater.v1.Fence.$Properties);
   $unknowns?: Uint8Array[];
   partition: number;
   epoch: (number|Long);
   static encode(message: slackwater.v1.Fence.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Fence & slackwater.v1.Fence.$Shape;
  }
  namespace Fence {
   interface $Properties {
    partition?: (number|null);
    epoch?: (number|Long|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Fence.$Properties;
  }
  interface IRunOrder extends slackwater.v1.RunOrder.$Properties {
  }
  class RunOrder {
   constructor(properties?: slackwater.v1.RunOrder.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   attempt: number;
   lane: string;
   tenant: string;
   model: string;
   prompt?: (slackwater.v1.PromptRef.$Properties|null);
   sampling?: (slackwater.v1.Sampling.$Properties|null);
   priority: number;
   static encode(message: slackwater.v1.RunOrder.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.RunOrder & slackwater.v1.RunOrder.$Shape;
  }
  namespace RunOrder {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    attempt?: (number|null);
    lane?: (string|null);
    tenant?: (string|null);
    model?: (string|null);
    prompt?: (slackwater.v1.PromptRef.$Properties|null);
    sampling?: (slackwater.v1.Sampling.$Properties|null);
    priority?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.RunOrder.$Properties;
  }
  interface ICancelOrder extends slackwater.v1.CancelOrder.$Properties {
  }
  class CancelOrder {
   constructor(properties?: slackwater.v1.CancelOrder.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   step: string;
   attempt: number;
   static encode(message: slackwater.v1.CancelOrder.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.CancelOrder & slackwater.v1.CancelOrder.$Shape;
  }
  namespace CancelOrder {
   interface $Properties {
    trace?: (string|null);
    step?: (string|null);
    attempt?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.CancelOrder.$Properties;
  }
  interface IGapOrder extends slackwater.v1.GapOrder.$Properties {
  }
  class GapOrder {
   constructor(properties?: slackwater.v1.GapOrder.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   lane: string;
   keepValue: number;
   demoteAfterMs?: (number|null);
   recallAfterMs?: (number|null);
   static encode(message: slackwater.v1.GapOrder.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.GapOrder & slackwater.v1.GapOrder.$Shape;
  }
  namespace GapOrder {
   interface $Properties {
    trace?: (string|null);
    lane?: (string|null);
    keepValue?: (number|null);
    demoteAfterMs?: (number|null);
    recallAfterMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.GapOrder.$Properties;
  }
  interface IPinOrder extends slackwater.v1.PinOrder.$Properties {
  }
  class PinOrder {
   constructor(properties?: slackwater.v1.PinOrder.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   lane: string;
   tier: slackwater.v1.Tier;
   static encode(message: slackwater.v1.PinOrder.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.PinOrder & slackwater.v1.PinOrder.$Shape;
  }
  namespace PinOrder {
   interface $Properties {
    trace?: (string|null);
    lane?: (string|null);
    tier?: (slackwater.v1.Tier|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.PinOrder.$Properties;
  }
  interface IUnpinOrder extends slackwater.v1.UnpinOrder.$Properties {
  }
  class UnpinOrder {
   constructor(properties?: slackwater.v1.UnpinOrder.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   lane: string;
   static encode(message: slackwater.v1.UnpinOrder.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.UnpinOrder & slackwater.v1.UnpinOrder.$Shape;
  }
  namespace UnpinOrder {
   interface $Properties {
    trace?: (string|null);
    lane?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.UnpinOrder.$Properties;
  }
  interface IDropOrder extends slackwater.v1.DropOrder.$Properties {
  }
  class DropOrder {
   constructor(properties?: slackwater.v1.DropOrder.$Properties);
   $unknowns?: Uint8Array[];
   trace: string;
   lane: string;
   static encode(message: slackwater.v1.DropOrder.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.DropOrder & slackwater.v1.DropOrder.$Shape;
  }
  namespace DropOrder {
   interface $Properties {
    trace?: (string|null);
    lane?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.DropOrder.$Properties;
  }
  interface IOrderReply extends slackwater.v1.OrderReply.$Properties {
  }
  class OrderReply {
   constructor(properties?: slackwater.v1.OrderReply.$Properties);
   $unknowns?: Uint8Array[];
   granted?: (slackwater.v1.OrderGranted.$Properties|null);
   refused?: (slackwater.v1.OrderRefused.$Properties|null);
   reply?: ("granted"|"refused");
   static encode(message: slackwater.v1.OrderReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.OrderReply & slackwater.v1.OrderReply.$Shape;
  }
  namespace OrderReply {
   interface $Properties {
    granted?: (slackwater.v1.OrderGranted.$Properties|null);
    refused?: (slackwater.v1.OrderRefused.$Properties|null);
    reply?: ("granted"|"refused");
    $unknowns?: Uint8Array[];
   }
   type $Shape = {
     granted?: slackwater.v1.OrderGranted.$Shape|null;
     refused?: slackwater.v1.OrderRefused.$Shape|null;
     $unknowns?: Uint8Array[];
   } & (
     ({ reply?: undefined; granted?: null; refused?: null }|{ reply?: "granted"; granted: slackwater.v1.OrderGranted.$Shape; refused?: null }|{ reply?: "refused"; granted?: null; refused: slackwater.v1.OrderRefused.$Shape })
   );
  }
  interface IOrderGranted extends slackwater.v1.OrderGranted.$Properties {
  }
  class OrderGranted {
   constructor(properties?: slackwater.v1.OrderGranted.$Properties);
   $unknowns?: Uint8Array[];
   workerEpoch: (number|Long);
   static encode(message: slackwater.v1.OrderGranted.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.OrderGranted & slackwater.v1.OrderGranted.$Shape;
  }
  namespace OrderGranted {
   interface $Properties {
    workerEpoch?: (number|Long|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.OrderGranted.$Properties;
  }
  enum RefusalCode {
   REFUSAL_CODE_UNSPECIFIED = 0,
   REFUSAL_CODE_WORKER_FULL = 1,
   REFUSAL_CODE_OLD_ATTEMPT = 2,
   REFUSAL_CODE_OLD_EPOCH = 3,
   REFUSAL_CODE_UNKNOWN_MODEL = 4,
   REFUSAL_CODE_CONTEXT_LENGTH = 5,
   REFUSAL_CODE_ARENA_TOO_SMALL = 6,
   REFUSAL_CODE_PAGE_MISSING = 7,
   REFUSAL_CODE_CLOSING = 8,
   REFUSAL_CODE_BAD_ORDER = 9
  }
  interface IOrderRefused extends slackwater.v1.OrderRefused.$Properties {
  }
  class OrderRefused {
   constructor(properties?: slackwater.v1.OrderRefused.$Properties);
   $unknowns?: Uint8Array[];
   code: slackwater.v1.RefusalCode;
   message: string;
   retry: slackwater.v1.Retry;
   static encode(message: slackwater.v1.OrderRefused.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.OrderRefused & slackwater.v1.OrderRefused.$Shape;
  }
  namespace OrderRefused {
   interface $Properties {
    code?: (slackwater.v1.RefusalCode|null);
    message?: (string|null);
    retry?: (slackwater.v1.Retry|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.OrderRefused.$Properties;
  }
  interface IOut extends slackwater.v1.Out.$Properties {
  }
  class Out {
   constructor(properties?: slackwater.v1.Out.$Properties);
   $unknowns?: Uint8Array[];
   attemptStarted?: (slackwater.v1.AttemptStarted.$Properties|null);
   delta?: (slackwater.v1.DeltaOut.$Properties|null);
   result?: (slackwater.v1.ResultOut.$Properties|null);
   failed?: (slackwater.v1.FailedOut.$Properties|null);
   out?: ("attemptStarted"|"delta"|"result"|"failed");
   static encode(message: slackwater.v1.Out.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Out & slackwater.v1.Out.$Shape;
  }
  namespace Out {
   interface $Properties {
    attemptStarted?: (slackwater.v1.AttemptStarted.$Properties|null);
    delta?: (slackwater.v1.DeltaOut.$Properties|null);
    result?: (slackwater.v1.ResultOut.$Properties|null);
    failed?: (slackwater.v1.FailedOut.$Properties|null);
    out?: ("attemptStarted"|"delta"|"result"|"failed");
    $unknowns?: Uint8Array[];
   }
   type $Shape = {
     attemptStarted?: slackwater.v1.AttemptStarted.$Shape|null;
     delta?: slackwater.v1.DeltaOut.$Shape|null;
     result?: slackwater.v1.ResultOut.$Shape|null;
     failed?: slackwater.v1.FailedOut.$Shape|null;
     $unknowns?: Uint8Array[];
   } & (
     ({ out?: undefined; attemptStarted?: null; delta?: null; result?: null; failed?: null }|{ out?: "attemptStarted"; attemptStarted: slackwater.v1.AttemptStarted.$Shape; delta?: null; result?: null; failed?: null }|{ out?: "delta"; attemptStarted?: null; delta: slackwater.v1.DeltaOut.$Shape; result?: null; failed?: null }|{ out?: "result"; attemptStarted?: null; delta?: null; result: slackwater.v1.ResultOut.$Shape; failed?: null }|{ out?: "failed"; attemptStarted?: null; delta?: null; result?: null; failed: slackwater.v1.FailedOut.$Shape })
   );
  }
  interface IAttemptStarted extends slackwater.v1.AttemptStarted.$Properties {
  }
  class AttemptStarted {
   constructor(properties?: slackwater.v1.AttemptStarted.$Properties);
   $unknowns?: Uint8Array[];
   step: string;
   attempt: number;
   worker: string;
   id: string;
   static encode(message: slackwater.v1.AttemptStarted.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.AttemptStarted & slackwater.v1.AttemptStarted.$Shape;
  }
  namespace AttemptStarted {
   interface $Properties {
    step?: (string|null);
    attempt?: (number|null);
    worker?: (string|null);
    id?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.AttemptStarted.$Properties;
  }
  interface IDeltaOut extends slackwater.v1.DeltaOut.$Properties {
  }
  class DeltaOut {
   constructor(properties?: slackwater.v1.DeltaOut.$Properties);
   $unknowns?: Uint8Array[];
   step: string;
   attempt: number;
   offset: number;
   tokens: number[];
   logprobs: slackwater.v1.TokenLogprob.$Properties[];
   static encode(message: slackwater.v1.DeltaOut.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.DeltaOut & slackwater.v1.DeltaOut.$Shape;
  }
  namespace DeltaOut {
   interface $Properties {
    step?: (string|null);
    attempt?: (number|null);
    offset?: (number|null);
    tokens?: (number[]|null);
    logprobs?: (slackwater.v1.TokenLogprob.$Properties[]|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.DeltaOut.$Properties;
  }
  interface IResultOut extends slackwater.v1.ResultOut.$Properties {
  }
  class ResultOut {
   constructor(properties?: slackwater.v1.ResultOut.$Properties);
   $unknowns?: Uint8Array[];
   step: string;
   attempt: number;
   worker: string;
   tokens: number[];
   finish: slackwater.v1.Finish;
   usage?: (slackwater.v1.Usage.$Properties|null);
   timing?: (slackwater.v1.Timing.$Properties|null);
   costUsd: number;
   logprobs: slackwater.v1.TokenLogprob.$Properties[];
   id: string;
   static encode(message: slackwater.v1.ResultOut.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.ResultOut & slackwater.v1.ResultOut.$Shape;
  }
  namespace ResultOut {
   interface $Properties {
    step?: (string|null);
    attempt?: (number|null);
    worker?: (string|null);
    tokens?: (number[]|null);
    finish?: (slackwater.v1.Finish|null);
    usage?: (slackwater.v1.Usage.$Properties|null);
    timing?: (slackwater.v1.Timing.$Properties|null);
    costUsd?: (number|null);
    logprobs?: (slackwater.v1.TokenLogprob.$Properties[]|null);
    id?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.ResultOut.$Properties;
  }
  interface IFailedOut extends slackwater.v1.FailedOut.$Properties {
  }
  class FailedOut {
   constructor(properties?: slackwater.v1.FailedOut.$Properties);
   $unknowns?: Uint8Array[];
   step: string;
   code: string;
   message: string;
   retry: slackwater.v1.Retry;
   limit?: (number|null);
   got?: (number|null);
   id: string;
   static encode(message: slackwater.v1.FailedOut.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.FailedOut & slackwater.v1.FailedOut.$Shape;
  }
  namespace FailedOut {
   interface $Properties {
    step?: (string|null);
    code?: (string|null);
    message?: (string|null);
    retry?: (slackwater.v1.Retry|null);
    limit?: (number|null);
    got?: (number|null);
    id?: (string|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.FailedOut.$Properties;
  }
  interface ISavedTrace extends slackwater.v1.SavedTrace.$Properties {
  }
  class SavedTrace {
   constructor(properties?: slackwater.v1.SavedTrace.$Properties);
   $unknowns?: Uint8Array[];
   epoch: (number|Long);
   saves: (number|Long);
   cursor: (number|Long);
   machine: string;
   version: number;
   value: slackwater.v1.TraceState;
   contextJson: string;
   outboxJson: string;
   timers: slackwater.v1.SavedTimer.$Properties[];
   static encode(message: slackwater.v1.SavedTrace.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.SavedTrace & slackwater.v1.SavedTrace.$Shape;
  }
  namespace SavedTrace {
   interface $Properties {
    epoch?: (number|Long|null);
    saves?: (number|Long|null);
    cursor?: (number|Long|null);
    machine?: (string|null);
    version?: (number|null);
    value?: (slackwater.v1.TraceState|null);
    contextJson?: (string|null);
    outboxJson?: (string|null);
    timers?: (slackwater.v1.SavedTimer.$Properties[]|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.SavedTrace.$Properties;
  }
  interface ISavedTimer extends slackwater.v1.SavedTimer.$Properties {
  }
  class SavedTimer {
   constructor(properties?: slackwater.v1.SavedTimer.$Properties);
   $unknowns?: Uint8Array[];
   id: string;
   generation: (number|Long);
   dueAtMs: number;
   static encode(message: slackwater.v1.SavedTimer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.SavedTimer & slackwater.v1.SavedTimer.$Shape;
  }
  namespace SavedTimer {
   interface $Properties {
    id?: (string|null);
    generation?: (number|Long|null);
    dueAtMs?: (number|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.SavedTimer.$Properties;
  }
  interface ICheckpoint extends slackwater.v1.Checkpoint.$Properties {
  }
  class Checkpoint {
   constructor(properties?: slackwater.v1.Checkpoint.$Properties);
   $unknowns?: Uint8Array[];
   epoch?: (number|Long|null);
   cursor?: (number|Long|null);
   static encode(message: slackwater.v1.Checkpoint.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
   static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): slackwater.v1.Checkpoint & slackwater.v1.Checkpoint.$Shape;
  }
  namespace Checkpoint {
   interface $Properties {
    epoch?: (number|Long|null);
    cursor?: (number|Long|null);
    $unknowns?: Uint8Array[];
   }
   type $Shape = slackwater.v1.Checkpoint.$Properties;
  }
 }
}
