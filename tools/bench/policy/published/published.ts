/**
 * `npm run bench -- policy --published`: for each baseline one published relative figure, its authors' set-up as near as the model comes, and what is seen here.
 * Set-ups and figures are not changed to fit what comes out: docs/benchmarks/policy-published.md tells of each that was mended, and why.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../../../infra/config.ts';
import { markdown, plain, withGenerated } from '../../report.ts';
import { UsageError } from '../../usage-error.ts';
import { type Crew, here, threadsOf } from '../crew.ts';
import { named, wholeOf } from '../flags.ts';
import { usualFiles } from '../pool.ts';
import { type Claim, claims } from './claims.ts';
import { writeDocstrings } from './docstrings.ts';
import { type PublishedJob, type PublishedOutcome, type Recordings, runPublished } from './job.ts';
import { readRecordings } from './recordings.ts';
import { setups } from './setups.ts';
import { type Finding, findingOf, findingTable, setupTable, sourceTable } from './tables.ts';
import { stampOf } from '../stamp.ts';

export interface PublishedFlags { readonly claims: readonly Claim[]; readonly seeds: number; readonly threads: number; readonly shrink: number; readonly isWriting: boolean; readonly json: string | null }

/** Throws UsageError. `shrink`: of the programs of each set-up, so that a test may see the whole way in seconds. */
export function readPublishedFlags(args: readonly string[]): PublishedFlags {
  const text = { type: 'string' } as const, yes = { type: 'boolean' } as const;
  let values: { published?: boolean; policies?: string; seeds?: string; threads?: string; shrink?: string; json?: string; write?: boolean };
  try {
    values = parseArgs({ args: [...args], allowPositionals: false, options: { published: yes, policies: text, seeds: text, threads: text, shrink: text, json: text, write: yes } }).values;
  } catch (error) {
    throw new UsageError(`with --published: ${error instanceof Error ? error.message : String(error)}`);
  }
  const wanted = values.policies === undefined ? claims.map(({ policy }) => policy) : named(values.policies);
  for (const name of wanted) if (!claims.some(({ policy }) => policy === name)) throw new UsageError(`no published figure is kept of ${name}; there are ${claims.map(({ policy }) => policy).join(', ')}`);
  const shrink = values.shrink === undefined ? 1 : Number(values.shrink);
  if (!(shrink > 0 && shrink <= 1)) throw new UsageError(`--shrink is above 0 and at most 1, not ${values.shrink}`);
  if (values.write === true && (wanted.length < claims.length || shrink < 1)) throw new UsageError('--write takes all figures: not with --policies or --shrink');
  return {
    claims: claims.filter(({ policy }) => wanted.includes(policy)), seeds: wholeOf(values.seeds, 'seeds', 3, 2, 1_000), threads: wholeOf(values.threads, 'threads', Math.min(2, availableParallelism()), 1, 256), shrink,
    isWriting: values.write === true, json: values.json ?? null,
  };
}

export async function benchPublished(args: readonly string[]): Promise<void> {
  const flags = readPublishedFlags(args), startMs = performance.now();
  const recordings = await readRecordings(usualFiles), jobs = jobsOf(flags);
  const crew: Crew<PublishedJob, PublishedOutcome> = flags.threads === 1 ? here((job) => runPublished(job, recordings)) : await threadsOf(new URL('./thread.ts', import.meta.url), recordings satisfies Recordings, flags.threads);
  try {
    const outcomes = await crew.run(jobs, (done) => { if (done % 6 === 0 || done === jobs.length) say(`${done} of ${jobs.length}, ${seconds(startMs)} s`); });
    report(flags, outcomes.filter((outcome) => outcome !== null), startMs);
  } finally {
    await crew.close();
  }
}

/** Each set-up under each of its policies once for each seed, whoever asks for it. The ones that take long first, so that no thread is left with one at the end. */
function jobsOf({ claims: wanted, seeds, shrink }: PublishedFlags): readonly PublishedJob[] {
  const jobs = new Map<string, PublishedJob>();
  for (const { policy, over, setup, params } of wanted) {
    for (const [name, given] of [[policy, params ?? {}], [over, {}]] as const) {
      if (name === null) continue;
      for (let seed = 1; seed <= seeds; seed++) jobs.set(`${setup}/${name}/${seed}`, { setup, policy: name, params: given, seed, shrink });
    }
  }
  const isLong = ({ setup }: PublishedJob): number => Number(setups[setup].coming.kind === 'search');
  return [...jobs.values()].sort((a, b) => isLong(b) - isLong(a));
}

function report(flags: PublishedFlags, outcomes: readonly PublishedOutcome[], startMs: number): void {
  const findings = flags.claims.map((claim): Finding => findingOf(claim, outcomes));
  console.log(plain(findingTable(findings)));
  const stamp = stampOf();
  if (flags.json !== null) writeFileSync(flags.json, findings.map(({ claim, interval, verdict }) => `${JSON.stringify({ bench: 'policy', case: `published/${claim.setup}`, subject: claim.policy, metric: `${claim.metric}_ratio`, claimed: claim.claimed, ...interval, verdict, ...stamp })}\n`).join(''));
  if (flags.isWriting) {
    const page = join(packageRoot(), 'docs', 'benchmarks', 'policy-published.md');
    const text = [
      `Commit ${stamp.commit}, ${stamp.date}; ${flags.seeds} seeds; took ${seconds(startMs)} s with ${flags.threads} threads (${stamp.machine}).`,
      '', '## What is claimed, and what is seen', '', markdown(findingTable(findings)), '', '## Sources', '', markdown(sourceTable(findings)), '', '## The set-ups', '', markdown(setupTable(findings)),
    ].join('\n');
    writeFileSync(page, withGenerated(existsSync(page) ? readFileSync(page, 'utf8') : '# Published figures\n', text, 'policy --published'));
    writeDocstrings(findings);
  }
  say(`took ${seconds(startMs)} s on ${flags.threads} threads`);
}

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(0);
function say(line: string): void { process.stderr.write(`${line}\n`); }
