import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../infra/config.ts';
import { blockTokens } from '../../../actors/lib/chain.ts';
import type { Fleet } from '../../../infra/replay/fleet.ts';
import { markdown, withGenerated } from '../report.ts';
import { type Cell, figuresOf, ndjson, over, type Stamp } from './figures.ts';
import type { Flags } from './flags.ts';
import type { Metric } from './job.ts';
import { againstLoad, drawnPolicies, hitsOverTime, whereSecondsGo } from './plots.ts';
import type { Pool } from './pool.ts';
import type { Regime } from './regimes.ts';
import { distanceTable, regimeTable, worstTable } from './tables.ts';
import type { TunedFile } from './tuned.ts';

export interface Report { readonly cells: readonly Cell[]; readonly regimes: readonly Regime[]; readonly stamp: Stamp; readonly fleet: Fleet; readonly pool: Pool; readonly flags: Flags; readonly tuned: TunedFile | null; readonly took: string }

/** Those that are kept beside the code; `--json` has all. */
const kept: readonly Metric[] = ['jct_mean_s', 'jct_p95_s', 'served_mean_s', 'steps_per_s', 'accelerator_h_per_task', 'usd_per_task', 'hit_rate', 'avoidable_rate'];
const swept = ['low', 'knee', 'past-2x', 'past-5x', 'past-10x'], drawnRegime = 'past-5x';

export function writeDocuments(report: Report): void {
  const folder = join(packageRoot(), 'docs', 'benchmarks');
  mkdirSync(join(folder, 'policy'), { recursive: true });
  const plots = plotsOf(report.cells);
  for (const { file, svg } of plots) writeFileSync(join(folder, 'policy', file), svg);
  writeFileSync(join(folder, 'policy.ndjson'), ndjson(figuresOf(report.cells, report.stamp, kept)));
  const page = join(folder, 'policy.md');
  writeFileSync(page, withGenerated(existsSync(page) ? readFileSync(page, 'utf8') : '# Policies\n', section(report, plots), 'policy'));
}

function plotsOf(cells: readonly Cell[]): readonly { readonly file: string; readonly title: string; readonly svg: string }[] {
  const sweep = cells.filter(({ regime }) => swept.includes(regime)), one = cells.filter(({ regime }) => regime === drawnRegime);
  const some = one.filter(({ policy }) => drawnPolicies.includes(policy));
  const plot = (file: string, title: string, draw: (title: string) => string) => ({ file, title, svg: draw(title) });
  return [
    ...(sweep.length === 0 ? [] : [
      plot('jct.svg', 'Job completion time against load', (title) => againstLoad(sweep, 'jct_mean_s', 'bound_jct_mean_s', title, 'seconds, mean')),
      plot('served.svg', 'The same without gaps', (title) => againstLoad(sweep, 'served_mean_s', 'bound_served_mean_s', title, 'seconds, mean')),
      plot('throughput.svg', 'Throughput against load', (title) => againstLoad(sweep, 'steps_per_s', null, title, 'steps a second')),
    ]),
    ...(one.length === 0 ? [] : [
      plot('hits.svg', `Where prompt tokens came from, ${drawnRegime}`, (title) => hitsOverTime(some, title)),
      plot('seconds.svg', `Where the seconds of a task went, ${drawnRegime}`, (title) => whereSecondsGo(one, title)),
    ]),
  ];
}

function section({ cells, regimes, stamp, fleet, pool, flags, tuned, took }: Report, plots: ReturnType<typeof plotsOf>): string {
  const here = regimes.filter(({ id }) => cells.some(({ regime }) => regime === id));
  const missing = regimes.filter((regime) => !here.includes(regime));
  return [
    `Commit ${stamp.commit}, ${stamp.date}; ${flags.seeds} seeds; took ${took} with ${flags.threads} threads (${stamp.machine}): the only number here that depends on the machine.`,
    `Fleet ${fleet.name}: ${fleet.workers} × ${fleet.device.name}, ${fleet.model.name}; of the room for KV the share ${flags.memory}: ${fleet.capacity.hbm} blocks of hbm (${Math.round((fleet.capacity.hbm * blockTokens) / 1000)}k tokens), ${fleet.capacity.dram} of dram, ${fleet.capacity.nvme} of nvme a worker; ${fleet.usdPerHour.toFixed(2)} $ an hour.`,
    `${pool.tasks.length} tasks on both sides of the split; left out: ${[...pool.leftOut].map(([why, count]) => `${count} × ${why}`).join(', ') || 'none'}.${missing.length === 0 ? '' : ` No task for: ${missing.map(({ id }) => id).join(', ')}.`}`,
    '', '## What is left to win', '', markdown(distanceTable(cells, here)),
    '', '## Every policy in every regime: seconds without gaps over those of the best baseline there', '', markdown(worstTable(cells, here)),
    '', ...plots.flatMap(({ file, title }) => [`![${title}](policy/${file})`, '']),
    '## By regime', '', 'Mean over seeds ± half of the 95% interval.', '',
    ...here.flatMap((regime) => regimeSection(regime, cells.filter((cell) => cell.regime === regime.id))),
    ...tunedSection(tuned),
  ].join('\n');
}

function regimeSection(regime: Regime, cells: readonly Cell[]): string[] {
  const first = cells[0]!, { tasks, steps } = first.outcomes[0]!, pressures = cells.map((cell) => over(cell, 'pressure').mean);
  const tokens = over(first, 'hit_tokens').mean + over(first, 'recalled_tokens').mean + over(first, 'migrated_tokens').mean + over(first, 'computed_tokens').mean;
  return [
    `### ${regime.id}`, '', `${regime.what[0]!.toUpperCase()}${regime.what.slice(1)}. ${first.load}: ${tasks} tasks, ${steps} steps, ${Math.round(tokens / tasks / 1000).toLocaleString('en')}k prompt tokens a task; working set over hbm, as measured, ${Math.min(...pressures).toFixed(2)}–${Math.max(...pressures).toFixed(2)}.`,
    '', markdown(regimeTable(cells)), '',
  ];
}

function tunedSection(tuned: TunedFile | null): string[] {
  if (tuned === null) return ['## Tunables', '', 'Nothing was tuned: every policy is at its starts.'];
  return [
    '## Tuned values', '', `Found by ${tuned.evaluations} evaluations of each policy on the other half, commit ${tuned.commit}, ${tuned.date}, fleet ${tuned.fleet} with ${tuned.memory} of its room.`, '',
    markdown([['policy', 'tunables', 'JCT s: starts', 'tuned', 'steps/s over that of the starts'], ...Object.entries(tuned.policies).map(([name, { params, startJctS, jctS, stepsPerSOfStart }]) => [
      name, Object.entries(params).map(([tunable, value]) => `${tunable} ${value}`).join(', ') || 'its starts', String(startJctS), String(jctS), String(stepsPerSOfStart),
    ])]),
  ];
}
