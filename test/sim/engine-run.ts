import { blocksOf, blockTokens, nameBytes, namesOf, packNames } from '../../actors/lib/chain.ts';
import type { EngineEvent, EngineRun } from '../../actors/lib/ports.ts';
import { digestOf, simChain, simName } from './engine-names.ts';

/** A request on its way through the simulated engine. */
export interface SimRun {
  readonly request: EngineRun;
  /** Of the prompt's full blocks. */
  readonly names: readonly string[];
  readonly submittedAtMs: number;
  readonly blocksMax: number;
  stage: 'waiting' | 'recalling' | 'running' | 'ended';
  /** Named blocks in use, from the first; a slot more when a partial one is being filled. */
  held: string[];
  hasSlot: boolean;
  /** Tokens whose KV exists. */
  computed: number;
  hit: number;
  recalled: number;
  admittedAtMs: number;
  startedAtMs: number;
  firstTokenAtMs: number;
  isStarted: boolean;
  engineMs: number;
  digest: number;
  generated: number[];
  told: number;
  /** Rows in the iteration under way. */
  rows: number;
}

export const newSimRun = (request: EngineRun, maxTokens: number, now: number): SimRun => ({
  request: { ...request, maxTokens }, names: namesOf(simChain(request.salt, request.tokens)), submittedAtMs: now, blocksMax: blocksOf(request.tokens.length + maxTokens - 1),
  stage: 'waiting', held: [], hasSlot: false, computed: 0, hit: 0, recalled: 0, admittedAtMs: now, startedAtMs: now, firstTokenAtMs: now,
  isStarted: false, engineMs: 0, digest: digestOf(request.tokens), generated: [], told: 0, rows: 0,
});

/** Name of the first block that is full and has none yet. */
export function nameNext(run: SimRun): Uint8Array {
  const { tokens: prompt, salt } = run.request;
  const first = run.held.length * blockTokens;
  const tokens = Int32Array.from({ length: blockTokens }, (_, i) => prompt[first + i] ?? run.generated[first + i - prompt.length]!);
  const parent = run.held.at(-1);
  return simName(salt, parent === undefined ? new Uint8Array(nameBytes) : packNames([parent]), tokens);
}

export function startedEvent({ request, hit, recalled, admittedAtMs, startedAtMs, submittedAtMs }: SimRun): EngineEvent {
  return { kind: 'started', run: request.run, hit, recalled, computed: request.tokens.length - hit - recalled, queuedMs: admittedAtMs - submittedAtMs, recallMs: startedAtMs - admittedAtMs };
}

export function endedEvent(run: SimRun, finish: 'stop' | 'length' | 'cancelled' | 'failed', message: string | undefined, now: number): EngineEvent {
  const { hit, recalled, submittedAtMs, generated } = run;
  const isAdmitted = run.stage !== 'waiting';
  return {
    kind: 'ended', run: run.request.run, finish, ...(message === undefined ? {} : { message }), generated: generated.length, hit, recalled,
    computed: isAdmitted ? Math.min(run.computed, run.request.tokens.length) - hit - recalled : 0,
    queuedMs: (isAdmitted ? run.admittedAtMs : now) - submittedAtMs, recallMs: run.startedAtMs - run.admittedAtMs,
    firstTokenMs: generated.length > 0 ? run.firstTokenAtMs - submittedAtMs : 0, totalMs: now - submittedAtMs, engineMs: run.engineMs, chain: packNames(run.held),
  };
}
