import { entryOf, variantNames } from './variants.ts';
import { rates } from './bench-fleet.ts';
import { type Cell, cellsOf } from './figures.ts';
import type { Flags } from './flags.ts';
import type { Job, Outcome } from './job.ts';
import { studyTable } from './tables.ts';

type Run = (jobs: readonly Job[]) => Promise<(Outcome | null)[]>;
type JobsOf = (policy: string, regime: string) => Job[];
type Table = ReturnType<typeof studyTable>;

/** What each mechanism of ours is worth: without it over with it. */
export async function ablation(run: Run, flags: Flags, jobsOf: JobsOf): Promise<Table> {
  const params = (jobs: Job[]): Job[] => { const base = jobsOf('slackwater', jobs[0]!.regime)[0]!.params; return jobs.map((job) => ({ ...job, params: base })); };
  const names = ['slackwater', ...variantNames];
  const cells = cellsOf(await run(flags.regimes.flatMap(({ id }) => names.flatMap((name) => params(jobsOf(name, id))))));
  const find = (policy: string, regime: string): Cell | undefined => cells.find((cell) => cell.policy === policy && cell.regime === regime);
  return studyTable(variantNames.map((name) => ({ what: name, cells: flags.regimes.flatMap(({ id }) => {
    const base = find('slackwater', id), cell = find(name, id);
    return base === undefined || cell === undefined ? [] : [{ base, cell }];
  }) })));
}

interface Change { readonly what: string; readonly policy: string; readonly by: (job: Job) => Job }

/** One number at a time, halved and doubled, over the same without the change. A tunable stays in its range. */
export async function sensitivity(run: Run, flags: Flags, jobsOf: JobsOf): Promise<Table> {
  const changes = flags.policies.flatMap((policy): Change[] => [
    ...Object.entries(entryOf(policy).tunables).flatMap(([name, { from, to, scale, start }]) => [0.5, 2].map((factor): Change => ({
      what: `${policy}: ${name} × ${factor}`, policy,
      by: (job) => {
        const value = Math.min(to, Math.max(from, (job.params[name] ?? start) * factor));
        return { ...job, params: { ...job.params, [name]: scale === 'whole' ? Math.round(value) : value } };
      },
    }))),
    ...Object.keys(rates).flatMap((name) => [0.5, 2].map((factor): Change => ({ what: `${policy}: ${name} × ${factor}`, policy, by: (job) => ({ ...job, scaled: { [name]: factor } }) }))),
  ]);
  const plainJobs = flags.policies.flatMap((policy) => flags.regimes.flatMap(({ id }) => jobsOf(policy, id)));
  const changed = changes.map(({ policy, by }) => flags.regimes.flatMap(({ id }) => jobsOf(policy, id).map(by)));
  const outcomes = await run([...plainJobs, ...changed.flat()]);
  const bases = cellsOf(outcomes.slice(0, plainJobs.length));
  let from = plainJobs.length;
  return studyTable(changes.map(({ what, policy }, i) => {
    const cells = cellsOf(outcomes.slice(from, from + changed[i]!.length));
    from += changed[i]!.length;
    return { what, cells: cells.flatMap((cell) => {
      const base = bases.find((one) => one.policy === policy && one.regime === cell.regime);
      return base === undefined ? [] : [{ base, cell }];
    }) };
  }));
}
