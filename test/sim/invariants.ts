import { sumBills } from '../../actors/ledger/sum.ts';
import { limits } from '../../actors/lib/limits.ts';
import { runsOf } from '../../actors/trace/runs.ts';
import { check } from './broken.ts';
import type { Fleet } from './fleet.ts';

/** What must hold at every moment: no pool has more or less than it has, no promise exceeds it, every queue its bound. */
export function checkNow(fleet: Fleet): void {
  for (const [name, { host, engine }] of fleet.liveWorkers) {
    engine.checkIntegrity();
    const { load, engine: stats } = host.stats();
    check(stats.hbmFree >= 0 && stats.hbmFree <= stats.hbmAvailable && stats.hbmAvailable <= stats.hbmBlocks, 'free + held = total', `${name}: ${stats.hbmFree} free, ${stats.hbmAvailable} available of ${stats.hbmBlocks}`);
    check(load.hbmGrantable >= 0 && load.hbmGrantable <= load.hbmBlocks, 'reserved at most what there is', `${name}: ${load.hbmGrantable} of ${load.hbmBlocks} grantable`);
    check(load.running + load.waiting <= load.runsMax, 'queues have bounds', `${name}: ${load.running} + ${load.waiting} runs of ${load.runsMax}`);
  }
  checkUnpinned(fleet);
  for (const [name, { conductor }] of fleet.liveConductors) {
    const { waitingSteps, partitions } = conductor.stats();
    check(waitingSteps <= limits.waitingMax && partitions <= limits.partitions, 'queues have bounds', `${name}: ${waitingSteps} waiting steps, ${partitions} partitions`);
  }
}

/** When nothing goes wrong, a worker has no pin a while after its trace ended it. */
function checkUnpinned(fleet: Fleet): void {
  const { watch, world, healedAtMs } = fleet;
  if (healedAtMs === null) { watch.unpinned = []; return; }
  for (const { trace, worker, atMs } of watch.unpinned) {
    if (world.now - atMs < unpinMs || atMs < healedAtMs + unpinMs) continue;
    const pinned = watch.saved.get(trace)?.actor.context.pinnedOn === worker || watch.unpinned.some((later) => later.trace === trace && later.atMs > atMs);
    check(pinned || fleet.workers.get(worker)?.engine.pins.has(trace) !== true, 'an unpin reaches its worker', `${trace} ended its pin on ${worker} ${Math.round(world.now - atMs)} ms ago`);
  }
  watch.unpinned = watch.unpinned.filter(({ atMs }) => world.now - atMs < unpinMs);
}
const unpinMs = 4_000;

/** What is still under way; null: nothing. */
export function findUnfinished(fleet: Fleet): string | null {
  for (const [trace, { actor }] of fleet.watch.saved) {
    const run = runsOf(actor.context)[0];
    if (run !== undefined) return `${run.step} is ${run.phase}, attempt ${run.attempt} on ${run.worker}`;
    if (actor.value !== 'done') return `${trace} is in ${actor.value} since ${Math.round(fleet.world.now - actor.context.enteredAtMs)} ms, children [${actor.context.children}], timers [${actor.context.timers.map(({ id, dueAtMs }) => `${id} ${dueAtMs - fleet.world.now}`)}]`;
  }
  for (const [name, { host }] of fleet.liveWorkers) {
    const { load, reports } = host.stats();
    if (load.running + load.waiting + reports.pending > 0) return `${name} has ${load.running} running, ${load.waiting} waiting runs and ${reports.pending} reports`;
  }
  for (const [name, { conductor }] of fleet.liveConductors) if (conductor.stats().waitingSteps > 0) return `${name} has ${conductor.stats().waitingSteps} waiting steps`;
  return null;
}

export function checkAtEnd(fleet: Fleet): void {
  checkNow(fleet);
  const { watch } = fleet;
  for (const [name, { host, engine }] of fleet.liveWorkers) {
    const { load, tier, engine: stats } = host.stats();
    check(load.hbmGrantable === load.hbmBlocks, 'reservations are released', `${name}: ${load.hbmGrantable} of ${load.hbmBlocks} grantable with nothing running; ${tier.hbmPinned} pinned`);
    check(stats.running + stats.waiting === 0, 'no run is left', `${name}: the engine has ${stats.running} running, ${stats.waiting} waiting`);
    check(tier.hbmPinned + tier.dramPinned === 0 && engine.pins.size === 0, 'pins drain', `${name}: ${tier.hbmPinned} + ${tier.dramPinned} blocks, lanes ${[...engine.pins]}`);
    check(tier.lanes <= watch.accepted.size, 'lanes have a bound', `${name}: ${tier.lanes} lanes for ${watch.accepted.size} steps`);
    const stored = { hbm: 0, dram: 0 };
    for (const event of engine.snapshot()) stored[event.tier]++;
    check(stored.hbm === load.hbmUsed && stored.dram === load.dramUsed, 'the tier mirrors its memory', `${name}: ${load.hbmUsed} + ${load.dramUsed} told, ${stored.hbm} + ${stored.dram} held`);
  }
  for (const [trace, { actor, effects }] of watch.saved) check(actor.value !== 'done' || effects === 0, 'what is over keeps no effects', `${trace} keeps ${effects}`);
  checkEveryStep(fleet);
  checkSpent(fleet);
  checkBills(fleet);
}

/** Nothing is lost: every step in the log was answered, or failed with a reason. */
function checkEveryStep({ watch }: Fleet): void {
  for (const [step, accepted] of watch.accepted) {
    const outs = watch.outs.get(step);
    check(outs?.result != null || outs?.failed != null, 'every accepted step ends', `${step} of ${accepted.map(({ id }) => id)} was neither answered nor failed`);
  }
}

/** What a worker's engine computed is in its reports, whatever became of the attempts. Of one that crashed nobody knows. */
function checkSpent({ watch, workers }: Fleet): void {
  for (const [name, { process, engine }] of workers) {
    if (process.incarnation > 1 || watch.toldTwice.has(name)) continue;
    const told = watch.spentMs.worker.get(name) ?? 0;
    check(isNear(told, engine.spentMs), 'time that was spent is reported', `${name} spent ${engine.spentMs} ms and reported ${told}`);
  }
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, a, b);

/** The ledger's own promise: a step counts once, with its first end in the log that was not cancelled. */
function checkBills({ watch }: Fleet): void {
  const totals = sumBills(watch.bills);
  const steps = new Map<string, number>();
  for (const step of watch.billable) { const trace = step.slice(0, step.indexOf('/')); steps.set(trace, (steps.get(trace) ?? 0) + 1); }
  // A step that was given up is in no saved trace: its end, if it comes again to a new owner, may count again.
  const repeated = new Set([...watch.repeated].filter((step) => watch.outs.get(step)?.failed != null).map((step) => step.slice(0, step.indexOf('/'))));
  for (const trace of new Set([...steps.keys(), ...totals.keys(), ...watch.spentMs.trace.keys()])) {
    const count = steps.get(trace) ?? 0;
    const billed = totals.get(trace)?.steps ?? 0;
    check(billed === count || (billed > count && repeated.has(trace)), 'every answer is billed once', `${trace}: ${billed} steps billed, ${count} ended`);
    const spentMs = watch.spentMs.trace.get(trace) ?? 0;
    const billedMs = totals.get(trace)?.acceleratorMs ?? 0;
    check(isNear(billedMs, spentMs) || (billedMs > spentMs && watch.toldTwice.has(trace)), 'what is reported is billed', `${trace}: ${billedMs} ms billed, ${spentMs} ms reported`);
  }
}
