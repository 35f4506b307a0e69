import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../infra/client/index.ts';
import { Random } from '../sim/random.ts';
import { ProcessFleet, until } from './fleet.ts';
import { Observer } from './recovery-checks.ts';
import { type Fault, type Moment, type Struck, allFaults, usualFaults } from './recovery-faults.ts';
import { Work } from './recovery-work.ts';

/**
 * Real processes on a real bus with the real model, killed and paused while agents wait for their answers. `npm test` runs
 * one fault of each kind; SLACKWATER_FULL=1 the whole matrix, at moments drawn from SLACKWATER_SEED.
 */
const isFull = process.env['SLACKWATER_FULL'] === '1';
const firstSeed = Number(process.env['SLACKWATER_SEED'] ?? (isFull ? Date.now() % 100_000 : 1));
const rounds = isFull ? Number(process.env['SLACKWATER_ROUNDS'] ?? 3) : 1;
const shape = isFull ? { agents: 4, steps: 4, maxTokens: 40, gapMs: 200 } : { agents: 3, steps: 3, maxTokens: 26, gapMs: 100 };
const only = process.env['SLACKWATER_FAULT'];

let fleet: ProcessFleet;
let observer: Observer;
/** What each step says when nothing is disturbed. */
const expected = new Map<string, string>();
let calmComputed = 0;
let fencedBefore = 0;

beforeAll(async () => {
  fleet = await ProcessFleet.start();
  observer = new Observer(fleet.ports);
  note(['fault', 'moment: agent/step, who', 'longest silence ms', 'traces', 'steps', 'retried (attempts)', 'tokens computed', 'told again', 'late deltas + ends', 'lost saves', 'outcome']);
  note(Array.from({ length: 11 }, () => '---'));
});
afterAll(async () => {
  observer.stop();
  await fleet.close();
});

test('undisturbed: every step is answered once, by its first attempt', async () => {
  const work = await begin('calm');
  await finished(work);
  expect(observer.violations(work, expected, false)).toEqual([]);
  expect(work.told.map((told) => told.result?.attempt)).toEqual(work.told.map(() => 1));
  for (const { agent, seq, result } of work.told) expected.set(`${agent}/${seq}`, result?.text ?? '');
  calmComputed = computed(work);
  note(['undisturbed', '', `${work.longestSilenceMs(0)}`, summary(work), 'right']);
});

describe.each(Array.from({ length: rounds }, (_, round) => firstSeed + round))('seed %i', (seed) => {
  const cases = (isFull ? allFaults : usualFaults).map((fault, index) => ({ fault, name: fault.name, tenant: `t${seed}-${index}`, random: new Random(seed * 100 + index) }));
  test.each(cases.filter(({ name }) => only === undefined || name.includes(only)))('$name', async ({ fault, tenant, random }) => {
    await mend();
    observer.forgetTellings();
    fencedBefore = fenced();
    const work = await begin(tenant);
    const moment = momentOf(random, fault, work);
    const struck = await fault.strike({ fleet, observer, work, moment, random });
    const where = `${moment.agent}/${moment.seq} after ${moment.tokens} tokens + ${moment.delayMs} ms: ${struck.who}`;
    await finished(work, where);
    const wrong = [...observer.violations(work, expected, fault.mayRepeat === true), ...unlikeOneRecompute(work, struck)];
    note([fault.name, where, `${work.longestSilenceMs(struck.atMs)}`, summary(work), wrong.length === 0 ? 'right' : `${wrong.length} violations`]);
    expect(wrong).toEqual([]);
  }, 240_000);
});

async function begin(tenant: string): Promise<Work> {
  const client = await connect({ servers: fleet.url, tenant, silenceMs: 3_000 });
  const work = new Work({ client, tenant, ...shape });
  void work.done.finally(() => client.close()).catch(() => {});
  return work;
}

/** Every agent has all its answers, and what the fleet keeps of them has come to rest; an end that a dead gateway took comes again after 45 s. */
async function finished(work: Work, where = 'undisturbed'): Promise<void> {
  try {
    await work.done;
    await until('state and bills come to rest', async () => (await observer.unsettled(work)).length === 0, 60_000).catch(async (late: Error) => { throw new Error(`${late.message}\n${(await observer.unsettled(work)).join('\n')}`); });
  } catch (error) {
    process.stderr.write(`${work.tenant}, ${where}\n${await fleet.queue()}\n${fleet.logs()}\n`);
    throw error;
  }
}

/** Whoever died in the last round is there again. */
async function mend(): Promise<void> {
  await Promise.all(fleet.names.filter((name) => !fleet.isAlive(name)).map((name) => fleet.launch(name)));
  await fleet.untilShared();
}

function momentOf(random: Random, { isLate }: Fault, { agents }: Work): Moment {
  const seq = random.between(1, shape.steps);
  return { agent: random.pick(agents), seq: isLate === true ? shape.steps : seq, tokens: random.between(1, Math.floor(shape.maxTokens / 2)), delayMs: random.below(100) };
}

/** An answer that was cut off goes on where it was, at the cost of its prompt; all that is lost is computed once more at most. */
function unlikeOneRecompute(work: Work, { lost }: Struck): string[] {
  const wrong: string[] = [];
  const hasBegun = lost?.heard.some(({ reply }) => reply.kind === 'delta' && reply.attempt === 1 && reply.tokens > 0) ?? false;
  if (lost !== null && (!hasBegun || (lost.result?.attempt ?? 0) < 2)) wrong.push(`${lost.id}: cut off after ${lost.tokens} tokens, answered by attempt ${lost.result?.attempt}`);
  // A trace's last prompt is its longest.
  const most = calmComputed + work.told.filter(({ seq }) => seq === shape.steps).reduce((sum, { result }) => sum + (result?.usage.prompt ?? 0), 0);
  if (computed(work) > most) wrong.push(`${computed(work)} tokens computed; undisturbed ${calmComputed}, with every trace once more ${most}`);
  return wrong;
}

const computed = (work: Work): number => work.told.reduce((sum, { result }) => sum + (result?.usage.computed ?? 0), 0);

/** How often a conductor learned from a compare-and-set that it owns a partition no longer. */
const fenced = (): number => fleet.names.reduce((sum, name) => sum + fleet.said(name, 'lost a compare-and-set'), 0);

function summary(work: Work): string {
  const results = work.told.flatMap((told) => (told.result === null ? [] : [told.result]));
  const retried = results.filter((result) => result.attempt > 1).length;
  return [
    new Set(work.told.map((told) => told.trace)).size, `${results.length}`, `${retried} (up to ${Math.max(...results.map((result) => result.attempt))})`,
    `${computed(work)}`, `${observer.tellings.size - results.length}`, `${observer.lateDeltas} + ${observer.lateEnds(work)}`, `${fenced() - fencedBefore}`,
  ].join(' | ');
}

/** Shown as it happens, and kept where SLACKWATER_RECOVERY_LOG says. */
function note(cells: readonly string[]): void {
  const line = `| ${cells.join(' | ')} |`;
  process.stdout.write(`${line}\n`);
  const file = process.env['SLACKWATER_RECOVERY_LOG'];
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
