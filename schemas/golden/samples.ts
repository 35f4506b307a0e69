/** One message of every kind, each field with a value that an omission would change. What golden/*.json was made from. */
import type * as M from '../messages.ts';

const bytes = (length: number, first: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (first + i * 7) & 255);
const ids = (length: number, first: number): Int32Array => Int32Array.from({ length }, (_, i) => (first + i * 37) % 49_152);

const trace = 'tr_07Qm3x9';
const step = `${trace}/12`;
const usage: M.Usage = { prompt: 8123, hit: 7872, recalled: 64, computed: 187, generated: 48 };
const timing: M.Timing = { queuedMs: 2.25, recallMs: 11.5, firstTokenMs: 61.125, totalMs: 402 };
const sampling: M.Sampling = { maxTokens: 256, temperature: 0.7, topP: 0.95, topK: 40, seed: 0xfedc_ba98_7654_3210n, stop: ['</s>', '\n\nUser: ü'], logprobs: -1 };
const prompt: M.PromptRef = { pages: ['0f'.repeat(16), 'a5'.repeat(16)], tail: ids(130, 49_150), tailChain: bytes(32, 3), tokens: 8322 };
const logprobs: readonly M.TokenLogprob[] = [{ token: 49_151, logprob: -0.5, top: [{ token: 49_151, logprob: -0.5 }, { token: 0, logprob: -Infinity }] }, { token: 3, logprob: -1.25, top: [] }];
const identity: M.Identity = { how: 'inferred', confidence: 0.875 };
const fence: M.Fence = { partition: 63, epoch: 9_007_199_254_740_991 };
const worker: M.WorkerLoad = {
  model: 'smollm2-135m', weights: 'c3'.repeat(32), numerics: 'cpu/exact/avx512', contextLength: 8192, blockBytes: 2_949_120, device: 'cpu-2core', runsMax: 16, running: 3, waiting: 2,
  hbmBlocks: 128, hbmGrantable: 40, hbmUsed: 88, dramBlocks: 512, dramUsed: 200, prefillTokensPerS: 812.5, decodeTokensPerS: 44.25, recallBytesPerS: 2.5e9, backlogTokens: 1911,
  counters: { demotedBlocks: 301, recalledBlocks: 280, evictedBlocks: 12, migratedBlocks: 4, promptTokens: 5_000_000_000, generatedTokens: 70_001, iterations: 99_999, busyMs: 123_456.75 },
};

export const inboxSamples: { readonly [K in M.InboxEvent['kind']]: Extract<M.InboxEvent, { readonly kind: K }> } = {
  stepAccepted: {
    kind: 'stepAccepted', trace, step, id: 'my-key-0012', tenant: 'acme', parent: 'tr_07parent', lane: 'main', seq: 12, isSeqGiven: true, model: 'smollm2-135m', prompt,
    messageChain: 'b7'.repeat(16), sampling, class: 'agent', deadlineMs: 60_000, identity, atMs: 1_790_000_000_123,
  },
  stepEnded: { kind: 'stepEnded', trace, step, attempt: 2, worker: 'w1', tokens: ids(48, 11), finish: 'tool_calls', usage, timing, acceleratorMs: 317.5, logprobs, chain: bytes(48, 9) },
  stepFailed: { kind: 'stepFailed', trace, step, attempt: 3, worker: 'w2', code: 'engine_lost', message: 'the engine ended with signal 9', retry: 'elsewhere', acceleratorMs: 812.5 },
  stepCancelled: { kind: 'stepCancelled', trace, step: `${trace}/s4`, reason: 'the harness is gone' },
  childStarted: { kind: 'childStarted', trace, child: 'tr_41child' },
  childEnded: { kind: 'childEnded', trace, child: 'tr_41child', outcome: 'abandoned' },
  endAsked: { kind: 'endAsked', trace, outcome: 'cancelled', reason: 'asked by the operator' },
};

export const orderSamples: { readonly [K in M.Order['kind']]: Extract<M.Order, { readonly kind: K }> } = {
  run: { kind: 'run', trace, step, attempt: 2, lane: trace, tenant: 'acme', model: 'smollm2-135m', prompt, sampling, priority: 41.5, fence },
  cancel: { kind: 'cancel', trace, step, attempt: 2, fence },
  gap: { kind: 'gap', trace, lane: trace, keepValue: 0.125, demoteAfterMs: 250, recallAfterMs: null, fence },
  pin: { kind: 'pin', trace, lane: trace, tier: 'dram', fence },
  unpin: { kind: 'unpin', trace, lane: `${trace}/s4`, fence },
  drop: { kind: 'drop', trace, lane: trace, fence },
};

export const orderReplySamples: { readonly [K in M.OrderReply['kind']]: Extract<M.OrderReply, { readonly kind: K }> } = {
  granted: { kind: 'granted', workerEpoch: 1_790_000_000_001 },
  refused: { kind: 'refused', code: 'worker_full', message: 'needs 130 blocks, 40 of 128 can be granted', retry: 'elsewhere' },
};

export const outSamples: { readonly [K in M.Out['kind']]: Extract<M.Out, { readonly kind: K }> } = {
  attemptStarted: { kind: 'attemptStarted', step, id: 'my-key-0012', attempt: 2, worker: 'w1' },
  delta: { kind: 'delta', step, attempt: 2, offset: 17, tokens: ids(3, 500), logprobs },
  result: { kind: 'result', step, id: 'my-key-0012', attempt: 2, worker: 'w1', tokens: ids(48, 11), finish: 'stop', usage, timing, costUsd: 0.0000041, logprobs: [] },
  failed: { kind: 'failed', step, id: 'my-key-0012', code: 'context_length', message: 'prompt of 9001 tokens; smollm2-135m takes 8192', retry: 'never', limit: 8192, got: 9001 },
};

export const evtSamples: { readonly [K in M.Evt['kind']]: Extract<M.Evt, { readonly kind: K }> } = {
  decision: {
    kind: 'decision', atMs: 1_790_000_001_732, trace, step, what: 'place', choice: 'w1', policy: 'strict-locality', regime: 'hits-abundant', why: 'holds 123 of 127 blocks in hbm; queue 0.4 s',
    alternatives: [{ choice: 'w1', score: 0.41 }, { choice: 'w2', score: 3.9 }], forecast: { resumeP50Ms: 900, resumeP95Ms: 8000 }, outcome: { firstTokenMs: 61, promisedMs: 70 },
  },
  transition: { kind: 'transition', atMs: 1_790_000_002_000.5, trace, tenant: 'acme', parent: null, from: 'start', to: 'toolGap', step, seq: 12, worker: 'w1', usage, outcome: 'finished' },
};

export const beatSample: M.Beat = { kind: 'beat', node: 'w1', role: 'worker', epoch: 1_790_000_000_001, seq: 4711, atMs: 1_790_000_003_000, worker, claim: null };
export const conductorBeatSample: M.Beat = { ...beatSample, node: 'c1', role: 'conductor', worker: null, claim: { worker: 'w2', step, blocks: 70, sinceMs: 1_789_999_990_000 } };
export const blockEventsSample: M.BlockEvents = {
  kind: 'blockEvents', node: 'w1', epoch: 7, seq: 88, isSnapshot: true,
  events: [{ op: 'stored', tier: 'hbm', chain: bytes(48, 1) }, { op: 'removed', tier: 'dram', chain: bytes(16, 2) }], from: 0, next: 0,
};
export const snapshotAskedSample: M.SnapshotAsked = { kind: 'snapshotAsked', from: 512 };
export const snapshotPartSample: M.BlockEvents = { ...blockEventsSample, events: [{ op: 'stored', tier: 'dram', chain: bytes(32, 3) }], from: 512, next: 771 };
export const firstTokenSample: M.FirstToken = { kind: 'firstToken', trace, step, attempt: 2, hit: 7872, recalled: 64, computed: 187 };
export const whoSample: M.Who = { kind: 'who', tenant: 'acme', model: 'smollm2-135m', id: 'my-key-0012', trace, parent: null, seq: 12, chain: ['11'.repeat(16), '22'.repeat(16)] };
export const whoReplySample: M.WhoReply = { kind: 'whoReply', trace, parent: 'tr_07parent', step, seq: 12, lane: 'side', identity, isKnown: true };
export const pageSample: M.Page = { kind: 'page', parent: '0f'.repeat(16), tokens: ids(4096, 1), chain: bytes(1024, 5) };
export const spliceSample: M.Splice = { kind: 'splice', tokens: ids(5, 900) };
export const billSample: M.Bill = {
  kind: 'bill', partition: 7, epoch: 3, cursor: 123_456_789,
  rows: [{ trace, tenant: 'acme', steps: 12, usage: { ...usage, prompt: 5_000_000_000 }, acceleratorMs: 20_300.5, costUsd: 0.00045 }],
};
export const savedTraceSample: M.SavedTrace = {
  kind: 'savedTrace', epoch: 3, saves: 29, cursor: 123_456_789, machine: 'trace', version: 2, value: 'fanOut', contextJson: '{"seq":12}', outboxJson: '[]',
  timers: [{ id: 'idle', generation: 4, dueAtMs: 1_790_000_600_000 }],
};
export const checkpointSample: M.Checkpoint = { kind: 'checkpoint', epoch: 3, cursor: 0 };
