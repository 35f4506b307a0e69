import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ask, Decided, PlaceAsk } from '../lib/asks.ts';
import type { Instant } from '../lib/logic.ts';
import { candidatesFor, claimOn } from './candidates.ts';
import { controlLogic, controlStart } from './control.ts';
import { scoreOf } from './placement.ts';
import { policies } from './policies/all.ts';
import { idleLoad } from './policies/small-fleet.fixture.ts';
import type { Policy } from './policy.ts';
import type { ControlEvent, Held } from './types.ts';

const limits = { beatLostMs: 3_000, waitingMax: 100, candidatesMax: 256, claimAfterMs: 2_000 };
const nobody = { nextUseMs: () => Number.POSITIVE_INFINITY, remainingS: () => 1 };
const some = { worker: fc.integer({ min: 1, max: 3 }), waitMs: fc.nat(400), blocks: fc.nat(20), more: fc.nat(99), is: fc.boolean() };
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('beat' as const), ...some }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), ...some }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('held' as const), ...some }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tick' as const), ...some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('claim' as const, 'watch' as const, 'restart' as const) , ...some }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ended' as const), ...some }) },
);
type Command = typeof command extends fc.Arbitrary<infer Each> ? Each : never;

/** One control actor over a policy, that is told what another one is told. */
class Told {
  readonly state = controlStart();
  readonly policy: Policy;
  readonly #logic: ReturnType<typeof controlLogic>;

  constructor(policy: Policy) {
    this.policy = policy;
    this.#logic = controlLogic(policy, limits);
  }

  /** What it decided beside who waits: a step that nobody looks at is not told so. */
  on(event: ControlEvent, nowMs: number): readonly Decided[] {
    return this.#logic.step(this.state, event, nowMs as Instant).effects.flatMap((effect) => (effect.kind === 'decided' && effect.decided.what !== 'defer' ? [effect.decided] : []));
  }
}

const beatOf = (node: string, epoch: number, seq: number, nowMs: number, { blocks, more, is }: Command): ControlEvent => ({
  kind: 'beat', ...(is ? { link: { region: 'east', near: { bytesPerS: 1e9, latencyMs: 2 }, far: null, sendingMs: more, receivingMs: 0 } } : {}),
  beat: { kind: 'beat', node, role: 'worker', epoch, seq, atMs: nowMs, worker: { ...idleLoad, running: blocks % 4, waiting: more % 2, hbmGrantable: more, hbmUsed: 5 * blocks }, claim: null },
});

const askOf = (trace: string, nowMs: number, { worker, blocks, more, is }: Command): PlaceAsk => ({
  what: 'place', trace, parent: null, step: `${trace}/1`, tenant: 't', model: 'm', class: 'agent', promptTokens: 100 + 40 * more, maxTokens: 100, acceptedSeq: 1, acceptedAtMs: nowMs,
  previousWorker: is ? `w${worker}` : null, avoid: blocks < 4 ? [`w${worker}`] : [], stepsDone: blocks % 3, attainedMs: 0,
});

const heldOf = ({ worker, blocks, more, is }: Command): Held[] => (more < 30 ? [] : [{ worker: `w${worker}`, hbmTokens: 64 * blocks, dramTokens: 64 * (more % 5), isAdapterResident: is }]);

test.each(Object.entries(policies))('%s: scores that were kept are those that would be made anew, and steps that no tick looks at are those that none would place', (_name, { make }) => {
  fc.assert(fc.property(fc.array(command, { minLength: 20, maxLength: 80 }), (commands) => {
    const { worthALook: _filter, ...looksAtAll } = make({}, nobody);
    const here = new Told(make({}, nobody)), there = new Told(looksAtAll);
    const placed: { trace: string; step: string; worker: string }[] = [];
    let nowMs = 0, seq = 0, epoch = 1;
    const both = (event: ControlEvent): void => {
      const decided = here.on(event, nowMs);
      expect(decided).toEqual(there.on(event, nowMs));
      for (const made of decided) if (made.what === 'place') placed.push({ trace: made.step.split('/')[0]!, step: made.step, worker: made.worker });
    };
    const agree = (): void => {
      for (const waiting of here.state.waiting.values()) {
        const anew = [...here.state.workers.values()].map((view) => scoreOf(waiting.ask, view, waiting.held, claimOn(here.state, view.name)));
        expect(candidatesFor(here.state, waiting)).toEqual(anew);
      }
    };
    for (const [at, each] of commands.entries()) {
      nowMs += each.waitMs;
      switch (each.do) {
        case 'restart': epoch++; break; // Whoever beats next has forgotten what it ran.
        case 'beat': both(beatOf(`w${each.worker}`, epoch, ++seq, nowMs, each)); break;
        case 'ask': both({ kind: 'ask', ask: askOf(`t${at}`, nowMs, each), held: heldOf(each) }); break;
        case 'held': for (const step of [...here.state.waiting.keys()]) both({ kind: 'held', step, held: heldOf(each) }); break;
        case 'claim': both({ kind: 'beat', beat: { kind: 'beat', node: 'c2', role: 'conductor', epoch: 1, seq: ++seq, atMs: nowMs, worker: null, claim: each.is ? null : { worker: `w${each.worker}`, step: `x/${at}`, blocks: each.more, sinceMs: nowMs } } as never }); break;
        case 'watch': both({ kind: 'watch' }); break;
        case 'tick': both({ kind: 'tick' }); break;
        case 'ended': {
          const [run] = placed.splice(each.more % Math.max(1, placed.length), 1);
          if (run === undefined) break;
          if (each.is) both({ kind: 'ask', ask: { what: 'retain', trace: run.trace, step: run.step, worker: run.worker, tokens: 500, gapsMs: [], children: 0, stepsDone: 1 } satisfies Ask, held: [] });
          else for (const { policy } of [here, there]) policy.ended?.(run.trace);
          break;
        }
      }
      agree();
    }
  }), { numRuns: 60 });
});
