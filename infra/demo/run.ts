import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, decisionJson } from '../../schemas/report.ts';
import type { Config } from '../config.ts';
import { type Fleet, type FleetStarted, startFleet } from '../fleet/fleet.ts';
import { Guest } from './guest.ts';
import type { Harness } from './harness.ts';
import { HttpHarness } from './http-harness.ts';
import { Live } from './live.ts';
import { NatsHarness } from './nats-harness.ts';
import { focusOf } from './prompts.ts';
import { disagreements, reportOf } from './report.ts';
import { type Conversation, type Review, type Surroundings, review, reviewText } from './reviewer.ts';
import type { Sample } from './sample.ts';
import type { CountTokens, Tools } from './tools.ts';
import { Watch } from './watch.ts';

/** What is done, the same under every policy. */
export interface Work {
  readonly reviews: number;
  readonly toolSeconds: number;
  readonly sample: Sample;
  readonly tools: Tools;
  readonly count: CountTokens;
  readonly contextTokens: number;
  readonly workingSetBytes: number;
  /** As planned with; the engine's own is checked against it. */
  readonly blockBytes: number;
}

export interface Ran {
  readonly report: Report;
  readonly conversations: readonly Conversation[];
  readonly reviews: readonly { readonly label: string; readonly review: Review }[];
  /** Agents that broke off, and processes that died: each makes the run a failure. */
  readonly faults: readonly string[];
  /** Where harness and fleet tell different stories. */
  readonly disagreements: readonly string[];
}

/** After its last answer a trace without ids has to be over by its idle limit and this. */
const settleMs = 20_000;
const billsMs = 5_000;

/** The work once, under the policy of `config`, on a fresh fleet with a fresh store, or as a guest of the NATS that `config` names. `folder` gets its log and its reviews. */
export async function runOnce(config: Config, work: Work, folder: string, say: (line: string) => void): Promise<Ran> {
  const { policy } = config.conductor;
  const guest = config.nats.url === null ? null : await Guest.arrive(config.nats.url, config.region);
  const store = mkdtempSync(join(tmpdir(), 'slackwater-demo-'));
  const logFd = openSync(join(folder, `${policy}.log`), 'w');
  const faults: string[] = [];
  let starting: Promise<FleetStarted> | null = null;
  const end = async (): Promise<void> => {
    const started = await starting;
    if (started?.ok === true) await started.fleet.close();
    for (const line of await guest?.leave() ?? []) say(line);
  };
  const removeStore = (): void => rmSync(store, { recursive: true, force: true });
  // Ctrl-C ends as any exit does: the fleet goes with its parent. A guest takes its things along, unless it is asked twice.
  let isInterrupted = false;
  const interrupted = (): void => {
    if (guest === null || isInterrupted) process.exit(130);
    isInterrupted = true;
    void end().finally(() => process.exit(130));
  };
  process.once('exit', removeStore).on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    const started = await (starting = startFleet({ ...config, nats: { ...config.nats, store } }, { logFd, onNotice: (line) => faults.push(line) }));
    if (!started.ok) throw Object.assign(new Error(started.message), { name: 'StartError' });
    return await onFleet(started.fleet, config, work, folder, faults, say);
  } finally {
    await end();
    closeSync(logFd);
    removeStore();
    process.removeListener('exit', removeStore).removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
  }
}

async function onFleet(fleet: Fleet, config: Config, work: Work, folder: string, faults: string[], say: (line: string) => void): Promise<Ran> {
  const { policy } = config.conductor;
  const watch = await Watch.open(fleet.natsUrl, config.region);
  const harnesses: Harness[] = [new HttpHarness(fleet.gatewayUrl, config.model.name)];
  const conversations: Conversation[] = [];
  let live: Live | null = null;
  try {
    harnesses.push(await NatsHarness.connect(fleet.natsUrl, config.model.name, `demo-${process.pid}-${policy}`));
    live = new Live(process.stdout, conversations, watch);
    const around: Surroundings = {
      ...work, nowMs: () => performance.now(), wait: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }), onConversation: (conversation) => conversations.push(conversation),
    };
    const startedAtMs = performance.now();
    const settled = await Promise.allSettled(Array.from({ length: work.reviews }, async (_, i) => {
      const label = `review-${i + 1}`;
      const made = await review(harnesses[i % harnesses.length] as Harness, label, focusOf(i), work.sample, around);
      await writeFile(join(folder, `${policy}-${label}.md`), reviewText(made));
      return { label, review: made };
    }));
    const wallMs = performance.now() - startedAtMs;
    live.stop();
    faults.push(...settled.flatMap((one) => (one.status === 'rejected' ? [one.reason instanceof Error ? one.reason.message : String(one.reason)] : [])));
    say(`every agent has its last answer; traces without ids are over ${config.trace.idleMs / 1_000} s later`);
    const gathered = {
      policy, model: config.model.name, workers: config.fleet.workers, wallMs, conversations, workingSetBytes: work.workingSetBytes,
      saved: await untilDone(watch, config.trace.idleMs + settleMs), bills: await untilBilled(watch, conversations), blocks: watch.blocks(),
      hbmBytes: watch.workers().reduce((sum, load) => sum + load.hbmBlocks * load.blockBytes, 0),
    };
    await writeFile(join(folder, `${policy}-decisions.jsonl`), watch.decisions.map((decision) => `${JSON.stringify(decisionJson(decision, 0))}\n`).join(''));
    const blockBytes = watch.workers()[0]?.blockBytes ?? 0;
    return {
      report: reportOf(gathered), conversations, faults, reviews: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      disagreements: [...(blockBytes === work.blockBytes ? [] : [`a block was planned with ${work.blockBytes} bytes, the engine's has ${blockBytes}`]), ...disagreements(gathered)],
    };
  } finally {
    live?.stop();
    for (const harness of harnesses) await harness.close();
    await watch.close();
  }
}

async function untilDone(watch: Watch, deadlineMs: number): ReturnType<Watch['saved']> {
  for (const endMs = performance.now() + deadlineMs; ;) {
    const saved = await watch.saved();
    if ([...saved.values()].every(({ state }) => state === 'done') || performance.now() > endMs) return saved;
    await new Promise((resolve) => { setTimeout(resolve, 250); });
  }
}

/** Bills are written about once a second. */
async function untilBilled(watch: Watch, conversations: readonly Conversation[]): Promise<ReturnType<Watch['bills']>> {
  for (const endMs = performance.now() + billsMs; ;) {
    const bills = watch.bills();
    if (conversations.every(({ trace, answers }) => bills.get(trace)?.steps === answers.length) || performance.now() > endMs) return bills;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}
