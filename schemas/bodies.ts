/** Every message as a table: its fields as messages.ts names them, each with the kind of field that carries it. */
import type * as M from './messages.ts';
import { slackwater } from './gen/slackwater.js';
import { alternatives, bits64, chain, choice, count, flag, fraction, list, logprob, maybe, name, real, text, tokens, whole } from './fields.ts';
import { message, type Field } from './wire.ts';

const { v1 } = slackwater;
type V1 = typeof slackwater.v1;
/** What the generated code takes for a message. */
type Wire<K extends keyof V1> = V1[K] extends { encode(message: infer W, ...rest: never[]): unknown } ? W : never;
/** A message without the `kind` that only TypeScript has. */
type Body<T> = Omit<T, 'kind'>;

const lane = choice<'main' | 'side'>({ main: v1.Lane.LANE_MAIN, side: v1.Lane.LANE_SIDE });
const stepClass = choice<M.StepClass>({ interactive: v1.StepClass.STEP_CLASS_INTERACTIVE, agent: v1.StepClass.STEP_CLASS_AGENT, background: v1.StepClass.STEP_CLASS_BACKGROUND });
const finish = choice<M.Finish>({ stop: v1.Finish.FINISH_STOP, length: v1.Finish.FINISH_LENGTH, tool_calls: v1.Finish.FINISH_TOOL_CALLS, cancelled: v1.Finish.FINISH_CANCELLED });
const outcome = choice<M.Outcome>({ finished: v1.Outcome.OUTCOME_FINISHED, abandoned: v1.Outcome.OUTCOME_ABANDONED, failed: v1.Outcome.OUTCOME_FAILED, cancelled: v1.Outcome.OUTCOME_CANCELLED });
const tier = choice<M.Tier>({ hbm: v1.Tier.TIER_HBM, dram: v1.Tier.TIER_DRAM });
const retry = choice<M.Retry>({ never: v1.Retry.RETRY_NEVER, later: v1.Retry.RETRY_LATER, elsewhere: v1.Retry.RETRY_ELSEWHERE });
const states = { running: v1.TraceState.TRACE_STATE_RUNNING, toolGap: v1.TraceState.TRACE_STATE_TOOL_GAP, fanOut: v1.TraceState.TRACE_STATE_FAN_OUT, resumed: v1.TraceState.TRACE_STATE_RESUMED, done: v1.TraceState.TRACE_STATE_DONE };
const traceState = choice<M.TraceState>(states);
const traceStateFrom = choice<M.TraceState | 'start'>({ start: v1.TraceState.TRACE_STATE_START, ...states });

// ---- context ----

const pageTokens = 4096;
const blockTokens = 64;
const nameBytes = 16;

const promptRef = message<M.PromptRef, Wire<'PromptRef'>>('PromptRef', { pages: list(name), tail: tokens, tailChain: chain, tokens: count }, (prompt) => {
  if (prompt.tail.length >= pageTokens) return `tail of ${prompt.tail.length} tokens, ${pageTokens} make a page`;
  const blocks = Math.floor(prompt.tail.length / blockTokens);
  if (prompt.tailChain.length !== blocks * nameBytes) return `${prompt.tailChain.length / nameBytes} names for the ${blocks} full blocks of a tail of ${prompt.tail.length} tokens`;
  const held = prompt.pages.length * pageTokens + prompt.tail.length;
  return prompt.tokens === held ? null : `says ${prompt.tokens} tokens, but ${prompt.pages.length} pages and a tail of ${prompt.tail.length} are ${held}`;
});

export const page = message<Body<M.Page>, Wire<'Page'>>('Page', { parent: text, tokens, chain }, (it) =>
  it.tokens.length !== pageTokens ? `${it.tokens.length} tokens, a page has ${pageTokens}`
    : it.chain.length !== (pageTokens / blockTokens) * nameBytes ? `${it.chain.length / nameBytes} block names, a page has ${pageTokens / blockTokens}` : null);

const countedTokens = message<{ readonly tokens: Int32Array; readonly count: number }, Wire<'Splice'>>('Splice', { tokens, count }, (it) =>
  it.tokens.length === it.count ? null : `says ${it.count} tokens, holds ${it.tokens.length}`);
export const splice: Field<Body<M.Splice>> = {
  toWire: (value, at) => countedTokens.toWire({ tokens: value.tokens, count: value.tokens.length }, at),
  fromWire: (wire, at) => ({ tokens: countedTokens.fromWire(wire, at).tokens }),
};

const sampling = message<M.Sampling, Wire<'Sampling'>>('Sampling', { maxTokens: count, temperature: real, topP: real, topK: count, seed: bits64, stop: list(text), logprobs: alternatives });
const usage = message<M.Usage, Wire<'Usage'>>('Usage', { prompt: count, hit: count, recalled: count, computed: count, generated: count });
const timing = message<M.Timing, Wire<'Timing'>>('Timing', { queuedMs: real, recallMs: real, firstTokenMs: real, totalMs: real });
const tokenChance = message<M.TokenLogprob['top'][number], Wire<'TokenChance'>>('TokenChance', { token: count, logprob });
const tokenLogprob = message<M.TokenLogprob, Wire<'TokenLogprob'>>('TokenLogprob', { token: count, logprob, top: list(tokenChance) });
const identity = message<M.Identity, Wire<'Identity'>>('Identity', {
  how: choice<M.Identity['how']>({ explicit: v1.IdentityHow.IDENTITY_HOW_EXPLICIT, inferred: v1.IdentityHow.IDENTITY_HOW_INFERRED, new: v1.IdentityHow.IDENTITY_HOW_NEW }), confidence: fraction,
});

// ---- inbox ----

export const stepAccepted = message<Body<M.StepAccepted>, Wire<'StepAccepted'>>('StepAccepted', {
  trace: name, step: name, id: name, tenant: name, parent: maybe(name), lane, seq: count, isSeqGiven: flag, model: name, prompt: promptRef,
  messageChain: text, sampling, class: stepClass, deadlineMs: real, identity, atMs: real,
});
export const stepEnded = message<Body<M.StepEnded>, Wire<'StepEnded'>>('StepEnded', {
  trace: name, step: name, attempt: count, worker: name, tokens, finish, usage, timing, acceleratorMs: real, logprobs: list(tokenLogprob), chain,
});
export const stepFailed = message<Body<M.StepFailed>, Wire<'StepFailed'>>('StepFailed', { trace: name, step: name, attempt: count, worker: text, code: name, message: text, retry, acceleratorMs: real });
export const stepCancelled = message<Body<M.StepCancelled>, Wire<'StepCancelled'>>('StepCancelled', { trace: name, step: name, reason: text });
export const childStarted = message<Body<M.ChildStarted>, Wire<'ChildStarted'>>('ChildStarted', { trace: name, child: name });
export const childEnded = message<Body<M.ChildEnded>, Wire<'ChildEnded'>>('ChildEnded', { trace: name, child: name, outcome });
export const endAsked = message<Body<M.EndAsked>, Wire<'EndAsked'>>('EndAsked', { trace: name, outcome, reason: text });
export const firstToken = message<Body<M.FirstToken>, Wire<'FirstToken'>>('FirstToken', { trace: name, step: name, attempt: count, hit: count, recalled: count, computed: count });

// ---- orders ----

export const fence = message<M.Fence, Wire<'Fence'>>('Fence', { partition: count, epoch: whole });
export const runOrder = message<Body<M.RunOrder>, Wire<'RunOrder'>>('RunOrder', { trace: name, step: name, attempt: count, lane: name, tenant: name, model: name, prompt: promptRef, sampling, priority: real });
export const cancelOrder = message<Body<M.CancelOrder>, Wire<'CancelOrder'>>('CancelOrder', { trace: name, step: name, attempt: count });
export const gapOrder = message<Body<M.GapOrder>, Wire<'GapOrder'>>('GapOrder', { trace: name, lane: name, keepValue: real, demoteAfterMs: maybe(real), recallAfterMs: maybe(real) });
export const pinOrder = message<Body<M.PinOrder>, Wire<'PinOrder'>>('PinOrder', { trace: name, lane: name, tier });
export const unpinOrder = message<Body<M.UnpinOrder>, Wire<'UnpinOrder'>>('UnpinOrder', { trace: name, lane: name });
export const dropOrder = message<Body<M.DropOrder>, Wire<'DropOrder'>>('DropOrder', { trace: name, lane: name });

type Granted = Extract<M.OrderReply, { readonly kind: 'granted' }>;
type Refused = Extract<M.OrderReply, { readonly kind: 'refused' }>;
const { RefusalCode } = v1;
const refusalCode = choice<M.RefusalCode>({
  worker_full: RefusalCode.REFUSAL_CODE_WORKER_FULL, old_attempt: RefusalCode.REFUSAL_CODE_OLD_ATTEMPT, old_epoch: RefusalCode.REFUSAL_CODE_OLD_EPOCH,
  unknown_model: RefusalCode.REFUSAL_CODE_UNKNOWN_MODEL, context_length: RefusalCode.REFUSAL_CODE_CONTEXT_LENGTH, arena_too_small: RefusalCode.REFUSAL_CODE_ARENA_TOO_SMALL,
  page_missing: RefusalCode.REFUSAL_CODE_PAGE_MISSING, closing: RefusalCode.REFUSAL_CODE_CLOSING, bad_order: RefusalCode.REFUSAL_CODE_BAD_ORDER,
});
export const orderGranted = message<Body<Granted>, Wire<'OrderGranted'>>('OrderGranted', { workerEpoch: whole });
export const orderRefused = message<Body<Refused>, Wire<'OrderRefused'>>('OrderRefused', { code: refusalCode, message: text, retry });

// ---- nodes ----

const workerCounters = message<M.WorkerCounters, Wire<'WorkerCounters'>>('WorkerCounters', {
  demotedBlocks: whole, recalledBlocks: whole, evictedBlocks: whole, migratedBlocks: whole, promptTokens: whole, generatedTokens: whole, iterations: whole, busyMs: real,
});
const workerLoad = message<M.WorkerLoad, Wire<'WorkerLoad'>>('WorkerLoad', {
  model: name, weights: text, numerics: text, contextLength: count, blockBytes: whole, device: text, runsMax: count, running: count, waiting: count,
  hbmBlocks: count, hbmGrantable: count, hbmUsed: count, dramBlocks: count, dramUsed: count,
  prefillTokensPerS: real, decodeTokensPerS: real, recallBytesPerS: real, backlogTokens: whole, counters: workerCounters,
});
const claim = message<M.Claim, Wire<'Claim'>>('Claim', { worker: name, step: name, blocks: count, sinceMs: real });
export const beat = message<Body<M.Beat>, Wire<'Beat'>>('Beat', {
  node: name, role: choice<M.Beat['role']>({ worker: v1.Role.ROLE_WORKER, conductor: v1.Role.ROLE_CONDUCTOR, gateway: v1.Role.ROLE_GATEWAY }),
  epoch: whole, seq: whole, atMs: real, worker: maybe(workerLoad), claim: maybe(claim),
});
type BlockEvent = M.BlockEvents['events'][number];
const blockEvent = message<BlockEvent, Wire<'BlockEvent'>>('BlockEvent', {
  op: choice<BlockEvent['op']>({ stored: v1.BlockOp.BLOCK_OP_STORED, removed: v1.BlockOp.BLOCK_OP_REMOVED }), tier, chain,
});
export const blockEvents = message<Body<M.BlockEvents>, Wire<'BlockEvents'>>('BlockEvents', { node: name, epoch: whole, seq: whole, isSnapshot: flag, events: list(blockEvent), from: count, next: count });
export const snapshotAsked = message<Body<M.SnapshotAsked>, Wire<'SnapshotAsked'>>('SnapshotAsked', { from: count });

// ---- out ----

export const attemptStarted = message<Body<M.AttemptStarted>, Wire<'AttemptStarted'>>('AttemptStarted', { step: name, id: name, attempt: count, worker: text });
export const deltaOut = message<Body<M.DeltaOut>, Wire<'DeltaOut'>>('DeltaOut', { step: name, attempt: count, offset: count, tokens, logprobs: list(tokenLogprob) });
export const resultOut = message<Body<M.ResultOut>, Wire<'ResultOut'>>('ResultOut', { step: name, id: name, attempt: count, worker: text, tokens, finish, usage, timing, costUsd: real, logprobs: list(tokenLogprob) });
export const failedOut = message<Body<M.FailedOut>, Wire<'FailedOut'>>('FailedOut', { step: name, id: name, code: name, message: text, retry, limit: maybe(real), got: maybe(real) });

// ---- identity ----

export const who = message<Body<M.Who>, Wire<'Who'>>('Who', { tenant: name, model: name, id: name, trace: maybe(name), parent: maybe(name), seq: maybe(count), chain: list(name) });
export const whoReply = message<Body<M.WhoReply>, Wire<'WhoReply'>>('WhoReply', { trace: name, parent: maybe(name), step: name, seq: count, lane, identity, isKnown: flag });

// ---- events, bills, state ----

const { DecisionWhat } = v1;
const decisionWhat = choice<M.Decision['what']>({
  place: DecisionWhat.DECISION_WHAT_PLACE, order: DecisionWhat.DECISION_WHAT_ORDER, demote: DecisionWhat.DECISION_WHAT_DEMOTE, recall: DecisionWhat.DECISION_WHAT_RECALL,
  pin: DecisionWhat.DECISION_WHAT_PIN, unpin: DecisionWhat.DECISION_WHAT_UNPIN, evict: DecisionWhat.DECISION_WHAT_EVICT, gang: DecisionWhat.DECISION_WHAT_GANG,
  migrate: DecisionWhat.DECISION_WHAT_MIGRATE, defer: DecisionWhat.DECISION_WHAT_DEFER, regime: DecisionWhat.DECISION_WHAT_REGIME,
});
const alternative = message<M.Decision['alternatives'][number], Wire<'Alternative'>>('Alternative', { choice: text, score: real });
const forecast = message<NonNullable<M.Decision['forecast']>, Wire<'Forecast'>>('Forecast', { resumeP50Ms: real, resumeP95Ms: real });
const decisionOutcome = message<NonNullable<M.Decision['outcome']>, Wire<'DecisionOutcome'>>('DecisionOutcome', { firstTokenMs: real, promisedMs: real });
export const decision = message<Body<M.Decision>, Wire<'Decision'>>('Decision', {
  atMs: real, trace: text, step: text, what: decisionWhat, choice: text, policy: text, regime: text, why: text,
  alternatives: list(alternative), forecast: maybe(forecast), outcome: maybe(decisionOutcome),
});
export const transitionEvent = message<Body<M.TransitionEvent>, Wire<'TransitionEvent'>>('TransitionEvent', {
  atMs: real, trace: name, tenant: name, parent: maybe(name), from: traceStateFrom, to: traceState, step: text, seq: count, worker: text, usage, outcome: maybe(outcome),
});

const billUsage = message<M.Usage, Wire<'BillUsage'>>('BillUsage', { prompt: whole, hit: whole, recalled: whole, computed: whole, generated: whole });
const billRow = message<M.BillRow, Wire<'BillRow'>>('BillRow', { trace: name, tenant: text, steps: count, usage: billUsage, acceleratorMs: real, costUsd: real });
export const bill = message<Body<M.Bill>, Wire<'Bill'>>('Bill', { partition: count, epoch: whole, cursor: whole, rows: list(billRow) });

const savedTimer = message<M.SavedTimer, Wire<'SavedTimer'>>('SavedTimer', { id: name, generation: whole, dueAtMs: real });
export const savedTrace = message<Body<M.SavedTrace>, Wire<'SavedTrace'>>('SavedTrace', {
  epoch: whole, saves: whole, cursor: whole, machine: name, version: count, value: traceState, contextJson: text, outboxJson: text, timers: list(savedTimer),
});
export const checkpoint = message<Body<M.Checkpoint>, Wire<'Checkpoint'>>('Checkpoint', { epoch: whole, cursor: whole });
