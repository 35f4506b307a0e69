import type { AttemptStarted, DeltaOut, FailedOut, Out, ResultOut, StepId, TokenLogprob } from '../../schemas/messages.ts';
import { type Logic, assert, unreachable } from '../lib/logic.ts';

/**
 * One answer on its way to a client: turns what is read from `out.<step>`, late, twice, out of order and from attempts
 * that were replaced, into every token once and in order, and one end.
 *
 * Only deltas of the attempt announced last are passed on; those of a later one wait for its announcement. A new
 * attempt is led through what the client has already: its tokens there are compared, not sent. The result carries all
 * tokens, so a lost delta is late, never missing.
 */
export const reply: Logic<Reply, ReplyEvent, ReplyEffect> = {
  step(state, event) {
    const effects: ReplyEffect[] = [];
    if (state.isOver) return { state, effects };
    if (event.kind === 'saved') onEnd(state, event.answer, effects);
    else onOut(state, event.message, effects);
    return { state, effects };
  },
};

export const replyLimits = {
  /** Deltas kept until an announcement, or until those before them, arrive. What does not fit comes with the result. */
  heldMax: 256,
  heldTokensMax: 65_536,
} as const;

export interface Reply {
  readonly step: StepId;
  /** Highest announced; 0: none yet. */
  attempt: number;
  /** The first `delivered` of them are the client's; the rest is room. */
  tokens: Int32Array;
  delivered: number;
  held: DeltaOut[];
  heldTokens: number;
  /** Attempt that was last reported as diverging: once each. */
  divergedAttempt: number;
  isOver: boolean;
}

export type ReplyEvent =
  | { readonly kind: 'out'; readonly message: Out }
  /** Found in the trace's log or state: the truth, whatever was announced. */
  | { readonly kind: 'saved'; readonly answer: ResultOut | FailedOut };

export type ReplyEffect =
  /** `offset` is where the client's answer ends so far; one logprob per token, or none at all. */
  | { readonly kind: 'deliver'; readonly offset: number; readonly tokens: Int32Array; readonly logprobs: readonly TokenLogprob[] }
  /** For telemetry: from here on an attempt would have said something else than the client has. */
  | { readonly kind: 'diverged'; readonly offset: number; readonly attempt: number }
  | { readonly kind: 'finish'; readonly result: ResultOut }
  | { readonly kind: 'fail'; readonly failure: FailedOut };

export const newReply = (step: StepId): Reply =>
  ({ step, attempt: 0, tokens: new Int32Array(64), delivered: 0, held: [], heldTokens: 0, divergedAttempt: 0, isOver: false });

function onOut(state: Reply, message: Out, effects: ReplyEffect[]): void {
  assert(message.step === state.step, `a message of ${message.step} given to the reply of ${state.step}`);
  switch (message.kind) {
    case 'attemptStarted': announce(state, message, effects); break;
    case 'delta': onDelta(state, message, effects); break;
    // The trace publishes a result only of the attempt that counts: one below the announced is a zombie's.
    case 'result': if (message.attempt >= state.attempt) onEnd(state, message, effects); break;
    case 'failed': onEnd(state, message, effects); break;
    default: unreachable(message);
  }
}

function announce(state: Reply, started: AttemptStarted, effects: ReplyEffect[]): void {
  if (started.attempt <= state.attempt) return;
  state.attempt = started.attempt;
  keep(state, state.held.filter((delta) => delta.attempt >= started.attempt));
  flush(state, effects);
}

function onDelta(state: Reply, delta: DeltaOut, effects: ReplyEffect[]): void {
  if (delta.attempt < state.attempt) return;
  if (delta.attempt > state.attempt || delta.offset > state.delivered) {
    hold(state, delta);
    return;
  }
  pass(state, delta, effects);
  flush(state, effects);
}

/** What is nearest to being delivered stays: earlier attempts first, then lower offsets. */
function hold(state: Reply, delta: DeltaOut): void {
  if (state.held.some((other) => other.attempt === delta.attempt && other.offset === delta.offset && other.tokens.length >= delta.tokens.length)) return;
  const held = [...state.held, delta].sort((a, b) => a.attempt - b.attempt || a.offset - b.offset);
  let tokens = state.heldTokens + delta.tokens.length;
  while (held.length > replyLimits.heldMax || tokens > replyLimits.heldTokensMax) tokens -= held.pop()?.tokens.length ?? 0;
  keep(state, held);
}

function keep(state: Reply, held: DeltaOut[]): void {
  state.held = held;
  state.heldTokens = held.reduce((sum, delta) => sum + delta.tokens.length, 0);
}

/** Passes on what was held and now follows; held deltas are in order of attempt and offset. */
function flush(state: Reply, effects: ReplyEffect[]): void {
  let passed = 0;
  for (const delta of state.held) {
    if (delta.attempt !== state.attempt || delta.offset > state.delivered) break;
    pass(state, delta, effects);
    passed++;
  }
  if (passed > 0) keep(state, state.held.slice(passed));
}

function onEnd(state: Reply, answer: ResultOut | FailedOut, effects: ReplyEffect[]): void {
  state.isOver = true;
  keep(state, []);
  if (answer.kind === 'failed') { effects.push({ kind: 'fail', failure: answer }); return; }
  // Its announcement may have been lost with the server that had it.
  state.attempt = Math.max(state.attempt, answer.attempt);
  pass(state, { attempt: answer.attempt, offset: 0, tokens: answer.tokens, logprobs: answer.logprobs }, effects);
  if (answer.tokens.length < state.delivered) diverge(state, answer.attempt, answer.tokens.length, effects);
  effects.push({ kind: 'finish', result: answer });
}

/** Starts at or before the end of what is delivered: the part the client has is compared, the rest is sent. */
function pass(state: Reply, part: Pick<DeltaOut, 'attempt' | 'offset' | 'tokens' | 'logprobs'>, effects: ReplyEffect[]): void {
  const known = Math.min(part.tokens.length, state.delivered - part.offset);
  for (let i = 0; i < known; i++) {
    if (part.tokens[i] === state.tokens[part.offset + i]) continue;
    diverge(state, part.attempt, part.offset + i, effects);
    break;
  }
  if (known === part.tokens.length) return;
  const tokens = part.tokens.slice(known);
  const logprobs = part.logprobs.length === part.tokens.length ? part.logprobs.slice(known) : [];
  effects.push({ kind: 'deliver', offset: state.delivered, tokens, logprobs });
  append(state, tokens);
}

function diverge(state: Reply, attempt: number, offset: number, effects: ReplyEffect[]): void {
  if (state.divergedAttempt === attempt) return;
  state.divergedAttempt = attempt;
  effects.push({ kind: 'diverged', offset, attempt });
}

function append(state: Reply, tokens: Int32Array): void {
  const end = state.delivered + tokens.length;
  if (end > state.tokens.length) {
    const room = new Int32Array(Math.max(end, state.tokens.length * 2));
    room.set(state.tokens.subarray(0, state.delivered));
    state.tokens = room;
  }
  state.tokens.set(tokens, state.delivered);
  state.delivered = end;
}
