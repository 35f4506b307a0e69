import type { WorkerLoad } from '../../../schemas/messages.ts';
import type { Decided, PlaceAsk, RetainAsk } from '../../lib/asks.ts';
import type { Instant } from '../../lib/logic.ts';
import { controlLogic, controlStart } from '../control.ts';
import type { Policy } from '../policy.ts';
import type { ControlEvent, Held, WorkerLink } from '../types.ts';

type Retain = Extract<Decided, { readonly what: 'retain' }>;

/** The real control actor over a policy, on workers that only say what a test lets them say. */
export class SmallFleet {
  readonly #state = controlStart();
  readonly #logic: ReturnType<typeof controlLogic>;
  #now = 0;
  #seq = 0;

  constructor(policy: Policy, claimAfterMs = 1e9) {
    this.#logic = controlLogic(policy, { beatLostMs: 1e9, waitingMax: 100, candidatesMax: 256, claimAfterMs });
  }

  at(nowMs: number): this { this.#now = nowMs; return this; }

  /** `link`: a worker without one neither gets nor gives KV. */
  beat(node: string, load: Partial<WorkerLoad> = {}, link?: WorkerLink): this {
    this.#on({ kind: 'beat', ...(link === undefined ? {} : { link }), beat: { kind: 'beat', node, role: 'worker', epoch: 1, seq: ++this.#seq, atMs: this.#now, worker: { ...idleLoad, ...load }, claim: null } });
    return this;
  }

  /** Where its next step goes: a worker, or 'waits'. */
  step(trace: string, given: Partial<PlaceAsk> = {}, held: readonly Held[] = []): string {
    const [made] = this.#on({ kind: 'ask', ask: placeAsk(trace, { acceptedAtMs: this.#now, ...given }), held });
    return made?.what === 'place' ? made.worker : 'waits';
  }

  /** From whom the KV comes that is missing where its next step goes; null: from nobody, 'waits': it goes nowhere. And why it goes there. */
  moves(trace: string, given: Partial<PlaceAsk> = {}, held: readonly Held[] = []): readonly [to: string, from: string | null, why: string] {
    const [made] = this.#on({ kind: 'ask', ask: placeAsk(trace, { acceptedAtMs: this.#now, ...given }), held });
    return made?.what === 'place' ? [made.worker, made.migrateFrom ?? null, made.decision.why] : ['waits', null, ''];
  }

  /** Those who were waiting and are placed now, in that order. */
  tick(): string[] { return this.#on({ kind: 'tick' }).flatMap((made) => (made.what === 'place' ? [`${made.step.split('/')[0]} ${made.worker}`] : [])); }

  /** The number that a worker's queue would order its next step by. */
  priority(trace: string, given: Partial<PlaceAsk> = {}): number {
    const [made] = this.#on({ kind: 'ask', ask: placeAsk(trace, { acceptedAtMs: this.#now, ...given }), held: [] });
    if (made?.what !== 'place') throw new Error(`${trace} was not placed: ${JSON.stringify(made)}`);
    return made.priority;
  }

  /** A generation ended: what becomes of the prefix. */
  gap(trace: string, given: Partial<RetainAsk> = {}): Retain {
    const [made] = this.#on({ kind: 'ask', ask: retainAsk(trace, { step: `${trace}/${++this.#seq}`, ...given }), held: [] });
    if (made?.what !== 'retain') throw new Error(`no retention: ${JSON.stringify(made)}`);
    return made;
  }

  #on(event: ControlEvent): readonly Decided[] {
    return this.#logic.step(this.#state, event, this.#now as Instant).effects.flatMap((effect) => (effect.kind === 'decided' ? [effect.decided] : []));
  }
}

/** 100 blocks of 1 MB, so 6,400 tokens of hbm; 600 tokens a second; 2 GB a second, so 0.5 ms a block and way. */
export const idleLoad: WorkerLoad = {
  model: 'm', weights: '', numerics: '', contextLength: 100_000, blockBytes: 1_000_000, device: 'cpu', runsMax: 16, running: 0, waiting: 0,
  hbmBlocks: 100, hbmGrantable: 100, hbmUsed: 0, dramBlocks: 200, dramUsed: 0, prefillTokensPerS: 600, decodeTokensPerS: 60, recallBytesPerS: 2e9, backlogTokens: 0,
  counters: { demotedBlocks: 0, recalledBlocks: 0, evictedBlocks: 0, migratedBlocks: 0, promptTokens: 0, generatedTokens: 0, iterations: 0, busyMs: 0 },
};

const placeAsk = (trace: string, given: Partial<PlaceAsk>): PlaceAsk => ({
  what: 'place', trace, parent: null, step: `${trace}/1`, tenant: 't', model: 'm', class: 'agent', promptTokens: 1_000, maxTokens: 100,
  acceptedSeq: 1, acceptedAtMs: 0, previousWorker: null, avoid: [], stepsDone: 0, attainedMs: 0, ...given,
});

const retainAsk = (trace: string, given: Partial<RetainAsk>): RetainAsk =>
  ({ what: 'retain', trace, step: `${trace}/1`, worker: 'w1', tokens: 1_280, gapsMs: [], children: 0, stepsDone: 1, ...given });
