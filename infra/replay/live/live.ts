import type { Ports } from '../../../actors/lib/ports.ts';
import type { Report } from '../../../schemas/report.ts';
import { subjects } from '../../../schemas/subjects.ts';
import { connect } from '../../client/index.ts';
import type { Config } from '../../config.ts';
import { disagreements } from '../../demo/report.ts';
import { Watch } from '../../demo/watch.ts';
import { chainsOf } from './chains.ts';
import type { LiveFleet } from './fleet.ts';
import { type Recorded, recordOf } from './record.ts';
import { liveReport } from './report.ts';
import { LiveRun, type LiveWork } from './run.ts';

export interface LiveOutcome {
  readonly report: Report;
  readonly record: Recorded;
  /** Where harness and fleet tell different stories, and processes that died. */
  readonly disagreements: readonly string[];
  readonly faults: readonly string[];
  /** The first few traces that ended early, each with the fleet's own words. */
  readonly problems: readonly string[];
}

const newsMs = 10_000;
const beatMs = 10_000;
/** Bills are written about once a second, ends of traces within moments. */
const settleMs = 10_000;
const problemsShown = 5;

/** The work once, on a fleet that is there. `ports`: to read its log by. `workingSetBytes`: what the tasks that run at once have in all, by block. */
export async function replayLive(config: Config, work: LiveWork, about: { readonly seed: number; readonly workingSetBlocks: number }, fleet: LiveFleet, ports: Ports, say: (line: string) => void): Promise<LiveOutcome> {
  const watch = await Watch.open(fleet.natsUrl, config.region);
  const client = await connect({ servers: fleet.natsUrl });
  const run = new LiveRun(work, client, `replay-${process.pid}-${Date.now().toString(36)}`);
  const news = setInterval(() => say(newsOf(run)), newsMs);
  try {
    await until(() => watch.workers().length > 0, beatMs);
    // A fleet that is not ours has moved blocks before.
    const before = watch.blocks();
    await run.run();
    const wallMs = run.nowMs();
    clearInterval(news);
    const ours = run.traces.filter(({ trace }) => trace !== ''), names = new Set(ours.map(({ trace }) => trace));
    let saved = new Map([...await watch.saved()].filter(([trace]) => names.has(trace)));
    await until(async () => {
      saved = new Map([...await watch.saved()].filter(([trace]) => names.has(trace)));
      const bills = watch.bills();
      return ours.every(({ trace, steps }) => saved.get(trace)?.state === 'done' && (steps.length === 0 || bills.get(trace)?.steps === steps.length));
    }, settleMs);
    const chains = await chainsOf(ports, subjects(config.region), [...names]);
    const { demoted, recalled, migrated, evicted } = watch.blocks(), loads = watch.workers();
    const gathered = {
      policy: watch.decisions.find(({ trace }) => names.has(trace))?.policy ?? (fleet.isOwn ? config.conductor.policy : 'unknown'), model: config.model.name, workers: loads.length, wallMs, saved, bills: watch.bills(), run, chains,
      blocks: { demoted: demoted - before.demoted, recalled: recalled - before.recalled, migrated: migrated - before.migrated, evicted: evicted - before.evicted },
      workingSetBytes: about.workingSetBlocks * (loads[0]?.blockBytes ?? 0), hbmBytes: loads.reduce((sum, load) => sum + load.hbmBlocks * load.blockBytes, 0),
      scaleTokens: work.scale, timeScale: work.timeScale, seed: about.seed,
    };
    const problems = run.traces.flatMap(({ problem, recorded: { trace } }) => (problem === null ? [] : [`trace ${trace}, step ${problem.seq}: ${problem.code}: ${problem.message}`]));
    return {
      report: liveReport(gathered), record: recordOf(run.traces, chains, config.model.name), faults: fleet.faults,
      disagreements: disagreements({ ...gathered, conversations: ours.filter(({ problem }) => problem === null) }).filter((line) => !line.endsWith("is nobody's")),
      problems: [...problems.slice(0, problemsShown), ...(problems.length > problemsShown ? [`and ${problems.length - problemsShown} more`] : [])],
    };
  } finally {
    clearInterval(news);
    await client.close();
    await watch.close();
  }
}

function newsOf(run: LiveRun): string {
  const steps = run.traces.reduce((sum, trace) => sum + trace.steps.length, 0), early = run.traces.filter(({ problem }) => problem !== null).length;
  return `${(run.nowMs() / 1_000).toFixed(0).padStart(5)} s  ${run.tasks.filter(({ overMs }) => overMs !== null).length} of ${run.tasks.length} tasks that came are over, ${steps} steps answered, ${run.inFlight} under way${early > 0 ? `, ${early} traces ended early` : ''}`;
}

async function until(isTrue: () => boolean | Promise<boolean>, deadlineMs: number): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !(await isTrue()) && performance.now() < endMs;) await new Promise((resolve) => { setTimeout(resolve, 100); });
}
