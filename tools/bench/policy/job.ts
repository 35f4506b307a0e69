import { blockTokens } from '../../../actors/lib/chain.ts';
import type { ReplayResult } from '../../../infra/replay/measures.ts';
import { Replay } from '../../../infra/replay/replay.ts';
import { type FleetPlan, plainFleet, scaledFleet } from './bench-fleet.ts';
import { humanGapScale, type Load, loadOf } from './load.ts';
import { type Half, type Pool, readPool } from './pool.ts';
import { regimes } from './regimes.ts';
import { entryOf } from './variants.ts';

/** What does not differ between the jobs of a bench. */
export interface BenchPlan { readonly files: readonly string[]; readonly fleet: Omit<FleetPlan, 'scaled'>; readonly stepsMax: number; readonly half: Half; readonly shrink: number }

/** One replay: a regime under a policy with a seed. Plain data, so that any process can do it. */
export interface Job { readonly regime: string; readonly policy: string; readonly params: Readonly<Record<string, number>>; readonly seed: number; readonly scaled: Readonly<Record<string, number>> }

export interface Outcome {
  readonly job: Job;
  readonly load: string;
  readonly tasks: number;
  readonly steps: number;
  /** Of the mean task. */
  readonly values: Readonly<Record<Metric, number>>;
  /** Of all steps together, seconds a task. */
  readonly secondsOf: ReplayResult['secondsOf'];
  readonly overTime: ReplayResult['overTime'];
  readonly skipped: ReplayResult['skipped'];
}

/** Everything that is reported, with its unit. */
export const metrics = {
  jct_mean_s: 's', jct_p50_s: 's', jct_p95_s: 's', jct_p99_s: 's', served_mean_s: 's', served_p95_s: 's', first_token_mean_s: 's', steps_per_s: '1/s',
  hit_rate: '', recalled_rate: '', migrated_rate: '', computed_rate: '', avoidable_rate: '', again_rate: '', preempted_rate: '', computed_tokens: 'tok', recalled_tokens: 'tok', migrated_tokens: 'tok', hit_tokens: 'tok',
  accelerator_h_per_task: 'h', usd_per_task: 'USD', tasks_per_usd: '1/USD', busy_share: '', pressure: '', bound_jct_mean_s: 's', bound_served_mean_s: 's',
} as const;
export type Metric = keyof typeof metrics;

/** Does jobs of one bench, one after the other. Kept between them: the recordings, and the load of a regime and a seed. */
export class Bench {
  readonly #plan: BenchPlan;
  readonly #pool: Pool;
  readonly #loads = new Map<string, Load | null>();

  constructor(plan: BenchPlan, pool: Pool) {
    this.#plan = plan;
    this.#pool = pool;
  }

  static async open(plan: BenchPlan): Promise<Bench> {
    const fleet = plainFleet({ ...plan.fleet, scaled: {} });
    return new Bench(plan, await readPool(plan.files, { contextMax: Math.min(fleet.model.contextLength, fleet.capacity.hbm * blockTokens), stepsMax: plan.stepsMax }));
  }

  get pool(): Pool { return this.#pool; }

  load(regimeId: string, seed: number): Load | null {
    const key = `${regimeId}/${seed}`;
    const known = this.#loads.get(key);
    if (known !== undefined) return known;
    // A few at a time: jobs come by regime.
    if (this.#loads.size > 8) this.#loads.clear();
    const regime = regimes.find(({ id }) => id === regimeId);
    if (regime === undefined) throw new RangeError(`no regime is called ${regimeId}; there are ${regimes.map(({ id }) => id).join(', ')}`);
    const load = loadOf(regime, this.#pool, this.#plan.half, plainFleet({ ...this.#plan.fleet, scaled: {} }), seed, this.#plan.shrink);
    this.#loads.set(key, load);
    return load;
  }

  /** Null: the recordings have no task for that regime. */
  run(job: Job): Outcome | null {
    const load = this.load(job.regime, job.seed);
    if (load === null) return null;
    const fleet = scaledFleet({ ...this.#plan.fleet, scaled: job.scaled });
    const { loseWorkerAt } = regimes.find(({ id }) => id === job.regime)!;
    const result = new Replay(load.tasks, {
      fleet, policy: (future) => entryOf(job.policy).make(job.params, future), arrivals: load.arrivals, seed: job.seed, humanGapScale, ...(loseWorkerAt === undefined ? {} : { loseWorkerAt }),
    }).run();
    if (result.finished !== result.tasks) throw new Error(`${job.regime} under ${job.policy}, seed ${job.seed}: ${result.finished} of ${result.tasks} tasks finished`);
    return outcomeOf(job, load, result, fleet);
  }
}

function outcomeOf(job: Job, load: Load, result: ReplayResult, fleet: ReturnType<typeof plainFleet>): Outcome {
  const { tokens, tasks, steps } = result;
  const share = (part: number): number => part / Math.max(1, tokens.prompt);
  // While tasks came the whole fleet was paid for, and did so many steps an hour; what a task has of them is what it costs.
  const hours = (fleet.workers * steps) / tasks / result.stepsPerS / 3600;
  const usd = (hours / fleet.workers) * fleet.usdPerHour;
  const perTask = (seconds: number): number => seconds / tasks;
  const alone = (of: (one: Load['alone'][number]) => number): number => load.alone.reduce((sum, one) => sum + of(one), 0) / load.alone.length;
  return {
    job, load: load.id, tasks, steps,
    values: {
      jct_mean_s: result.jctS.mean, jct_p50_s: result.jctS.p50, jct_p95_s: result.jctS.p95, jct_p99_s: result.jctS.p99, served_mean_s: result.servedS.mean, served_p95_s: result.servedS.p95,
      first_token_mean_s: result.firstTokenMs.mean / 1000, steps_per_s: result.stepsPerS,
      hit_rate: share(tokens.hit), recalled_rate: share(tokens.recalled), migrated_rate: share(tokens.migrated), computed_rate: share(tokens.computed - tokens.again), avoidable_rate: share(tokens.avoidable - tokens.again), again_rate: share(tokens.again), preempted_rate: result.preempted / steps,
      computed_tokens: tokens.computed - tokens.again, recalled_tokens: tokens.recalled, migrated_tokens: tokens.migrated, hit_tokens: tokens.hit,
      accelerator_h_per_task: hours, usd_per_task: usd, tasks_per_usd: 1 / usd, busy_share: result.busyShare,
      pressure: result.liveTokens / (fleet.workers * fleet.capacity.hbm * blockTokens), bound_jct_mean_s: alone(({ jctS }) => jctS), bound_served_mean_s: alone(({ servedS }) => servedS),
    },
    secondsOf: Object.fromEntries(Object.entries(result.secondsOf).map(([name, seconds]) => [name, perTask(seconds)])) as unknown as Outcome['secondsOf'],
    overTime: result.overTime, skipped: result.skipped,
  };
}
