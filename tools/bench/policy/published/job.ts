import type { Policy } from '../../../../actors/control/policy.ts';
import { copyMs } from '../../../../actors/control/copies.ts';
import { policies } from '../../../../actors/control/policies/all.ts';
import type { Future } from '../../../../actors/control/policies/oracle.ts';
import type { Fleet } from '../../../../infra/replay/fleet.ts';
import { generator } from '../../../../infra/replay/random.ts';
import { type Arrivals, Replay, type ReplayOptions } from '../../../../infra/replay/replay.ts';
import type { Task } from '../../../../infra/replay/tasks.ts';
import { humanGapScale } from '../load.ts';
import { repeated } from '../pool.ts';
import { forgetful, type PublishedMetric } from './claims.ts';
import { fleetOf } from './hardware.ts';
import { arrivals, programsOf, requestsOf } from './programs.ts';
import { type Coming, type SetupId, type Setup, setups } from './setups.ts';
import { entryOf } from '../variants.ts';

/** Plain data, so that any thread can do it. `shrink`: of the programs, for tests. */
export interface PublishedJob { readonly setup: SetupId; readonly policy: string; readonly params: Readonly<Record<string, number>>; readonly seed: number; readonly shrink: number }

export interface PublishedOutcome {
  readonly job: PublishedJob;
  readonly values: Readonly<Record<PublishedMetric, number>>;
  readonly steps: number;
  /** Of prompt tokens; seconds a step. */
  readonly hitRate: number;
  readonly recomputedRate: number;
  readonly queueS: number;
}

/** Recordings that some set-ups take, by name; one that is not there leaves its set-ups out. */
export type Recordings = Readonly<Partial<Record<'weka' | 'mini-swe', readonly Task[]>>>;

/** Halvings of the range of rates, by ratio. */
const halvings = 7;

/** Null: the recordings are not there. */
export function runPublished(job: PublishedJob, recordings: Recordings): PublishedOutcome | null {
  const setup: Setup = setups[job.setup], fleet = fleetOf(setup.fleet);
  const count = Math.max(2, Math.round(countOf(setup.coming) * job.shrink)), tasks = tasksOf(setup, count, job, recordings);
  if (tasks === null) return null;
  const { coming } = setup;
  if (coming.kind !== 'search') return { job, ...replayed(job, fleet, tasks, arrivalsOf(coming, job.shrink), coming) };
  let [low, high] = [coming.fromPerS, coming.toPerS], best: Replayed | null = null;
  for (let i = 0; i < halvings; i++) {
    const perS = Math.sqrt(low * high), one = replayed(job, fleet, tasks, { kind: 'open', tasksPerHour: perS * 3600 }, coming);
    if (one.secondsPerToken > coming.secondsPerToken) { high = perS; continue; }
    low = perS;
    best = one;
  }
  const found = best ?? replayed(job, fleet, tasks, { kind: 'open', tasksPerHour: low * 3600 }, coming);
  // At an end of the range the rate that is looked for lies beyond it.
  const isBetween = low > coming.fromPerS && high < coming.toPerS;
  return { job, ...found, values: { ...found.values, rate: isBetween ? Math.sqrt(low * high) : Number.NaN } };
}

const countOf = (coming: Coming): number => (coming.kind === 'staged' ? coming.stage.count : coming.count);

function tasksOf({ work, coming }: Setup, count: number, { seed, shrink }: PublishedJob, recordings: Recordings): readonly Task[] | null {
  if ('kinds' in work) return programsOf(work.kinds, count, seed);
  if ('recorded' in work) return recordings[work.recorded] === undefined ? null : repeated(recordings[work.recorded]!, count);
  if (coming.kind !== 'staged') throw new Error('requests on shared prompts come in stages');
  const draw = generator(seed), { warmUp, stage } = coming;
  return requestsOf(work, [...arrivals(Math.max(1, Math.round(warmUp.count * shrink)), warmUp.perS, 0, draw), ...arrivals(count, stage.perS, stage.fromMs, draw)]);
}

function arrivalsOf(coming: Coming, shrink: number): Arrivals {
  if (coming.kind === 'closed') return { kind: 'closed', concurrency: Math.max(1, Math.round(coming.concurrency * shrink)) };
  return coming.kind === 'open' ? { kind: 'open', tasksPerHour: coming.perS * 3600 } : { kind: 'recorded', scale: 1 };
}

type Replayed = Omit<PublishedOutcome, 'job'> & { readonly secondsPerToken: number };

function replayed(job: PublishedJob, fleet: Fleet, tasks: readonly Task[], coming_: Arrivals, coming: Coming): Replayed {
  const servedMs = new Map<string, { ms: number; tokens: number }>(), ends: { atMs: number; tokens: number; trace: string }[] = [], rent = new Rent();
  const fromMs = coming.kind === 'staged' ? coming.stage.fromMs : 0;
  const onStep: NonNullable<ReplayOptions['onStep']> = ({ trace, outTokens }, { end, waitedMs }, atMs) => {
    const so = servedMs.get(trace) ?? { ms: 0, tokens: 0 };
    so.ms += waitedMs + end.queuedMs + end.recallMs + end.prefillMs + end.decodeMs;
    so.tokens += outTokens;
    servedMs.set(trace, so);
    ends.push({ atMs, tokens: outTokens, trace });
  };
  const result = new Replay(tasks, { fleet, policy: (future) => rent.watching(made(job, future)), arrivals: coming_, seed: job.seed, humanGapScale, onStep }).run();
  if (result.finished !== result.tasks) throw new Error(`${job.setup} under ${job.policy}, seed ${job.seed}: ${result.finished} of ${result.tasks} tasks finished`);
  // Of a closed load while all places are taken; of a stage from its beginning until it is drained.
  const untilMs = coming.kind === 'closed' ? result.windowS * 1000 : Number.POSITIVE_INFINITY, counted = ends.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs);
  const spanS = (Math.max(...counted.map(({ atMs }) => atMs)) - fromMs) / 1000;
  const perToken = [...servedMs.values()].map(({ ms, tokens }) => ms / 1000 / tokens);
  return {
    values: {
      outTokensPerS: counted.reduce((sum, { tokens }) => sum + tokens, 0) / spanS, stepsPerS: counted.length / spanS, jctS: result.jctS.mean, rate: Number.NaN,
      recomputed: result.tokens.avoidable - result.tokens.again, rent: rent.ratio,
    },
    secondsPerToken: perToken.reduce((sum, one) => sum + one, 0) / perToken.length,
    steps: result.steps, hitRate: (result.tokens.hit + result.tokens.recalled) / result.tokens.prompt, recomputedRate: (result.tokens.avoidable - result.tokens.again) / result.tokens.prompt, queueS: result.secondsOf.queue / result.steps,
  };
}

function made({ policy, params }: PublishedJob, future: Future): Policy {
  if (policy !== forgetful) return entryOf(policy).make(params, future);
  return { ...policies['least-loaded-lru'].make({}, future), name: forgetful, retain: () => ({ keepValue: -1, demoteAfterMs: null, recallAfterMs: null, dropAfterMs: 0, why: 'a step that has ended is over' }) };
}

/**
 * What holding contexts in gaps and copying them out and back cost, in milliseconds by tokens, beside the least that it could for who knows each gap: to hold through
 * it, or to copy at once. By the decisions of the policy and the gaps that came; what copies wait for each other is not in it.
 */
class Rent {
  #paid = 0;
  #least = 0;
  readonly #open = new Map<string, { readonly sinceMs: number; readonly afterMs: number; readonly roundTripMs: number; readonly tokens: number }>();

  get ratio(): number { return this.#paid / this.#least; }

  watching(policy: Policy): Policy {
    return {
      ...policy,
      place: (ask, candidates, waitedMs, nowMs) => {
        const gap = this.#open.get(ask.trace);
        if (gap !== undefined) {
          this.#open.delete(ask.trace);
          const gapMs = ask.acceptedAtMs - gap.sinceMs;
          this.#paid += gap.tokens * (gapMs <= gap.afterMs ? gapMs : gap.afterMs + gap.roundTripMs);
          this.#least += gap.tokens * Math.min(gapMs, gap.roundTripMs);
        }
        return policy.place(ask, candidates, waitedMs, nowMs);
      },
      retain: (ask, view, nowMs) => {
        const decided = policy.retain(ask, view, nowMs);
        if (view !== null && view.load.recallBytesPerS > 0) this.#open.set(ask.trace, { sinceMs: nowMs, afterMs: decided.demoteAfterMs ?? Number.POSITIVE_INFINITY, roundTripMs: 2 * copyMs(ask.tokens, view), tokens: ask.tokens });
        return decided;
      },
    };
  }
}
