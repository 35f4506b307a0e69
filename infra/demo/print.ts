import type { PromptTokens, Report, ReportTotals } from '../../schemas/report.ts';

export const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const thousands = (count: number): string => count.toLocaleString('en-US');

/** Columns as wide as what stands in them; all but the first to the right. */
export function columns(rows: readonly (readonly string[])[], isLeft: (column: number) => boolean = (column) => column === 0): string[] {
  const widths = rows.reduce<number[]>((wide, row) => row.map((cell, i) => Math.max(wide[i] ?? 0, cell.length)), []);
  return rows.map((row) => row.map((cell, i) => (isLeft(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ').trimEnd());
}

export function tracesTable(report: Report, labelOf: (trace: string) => string): string[] {
  const tokens = ({ hit, recalled, computed }: PromptTokens): string[] => [thousands(hit), thousands(recalled), thousands(computed)];
  return columns([
    ['agent', 'trace', 'outcome', 'steps', 'jct', 'hit', 'recalled', 'computed', 'generated', 'accel.', 'cost'],
    ...report.traces.map((trace) => [
      labelOf(trace.trace), trace.trace, trace.outcome, String(trace.steps), seconds(trace.jct_ms), ...tokens(trace.prompt_tokens), thousands(trace.generated_tokens), `${trace.accelerator_s.toFixed(1)} s`, `$${trace.cost_usd.toFixed(6)}`,
    ]),
  ], (column) => column < 3);
}

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(0)}%`);

/** One column per run. */
export function totalsTable(reports: readonly Report[]): string[] {
  const row = (name: string, of: (totals: ReportTotals, report: Report) => string): string[] => [name, ...reports.map((report) => of(report.totals, report))];
  const prompt = ({ prompt_tokens: { hit, recalled, computed } }: ReportTotals): number => hit + recalled + computed;
  return columns([
    row('', (_, report) => report.policy),
    row('traces finished', (totals) => `${totals.finished} of ${totals.traces}`),
    row('wall time', (_, report) => seconds(report.wall_ms)),
    row('job completion time, mean', ({ jct_ms }) => seconds(jct_ms.mean)),
    row('  p50', ({ jct_ms }) => seconds(jct_ms.p50)),
    row('  p95', ({ jct_ms }) => seconds(jct_ms.p95)),
    row('prompt tokens', (totals) => thousands(prompt(totals))),
    row('  hit', (totals) => `${thousands(totals.prompt_tokens.hit)} (${percent(totals.prompt_tokens.hit, prompt(totals))})`),
    row('  recalled', (totals) => `${thousands(totals.prompt_tokens.recalled)} (${percent(totals.prompt_tokens.recalled, prompt(totals))})`),
    row('  computed', (totals) => `${thousands(totals.prompt_tokens.computed)} (${percent(totals.prompt_tokens.computed, prompt(totals))})`),
    row('generated tokens', (totals) => thousands(totals.generated_tokens)),
    row('accelerator seconds', (totals) => totals.accelerator_s.toFixed(1)),
    row('cost', (totals) => `$${totals.cost_usd.toFixed(5)}`),
    row('tasks per $', (totals) => thousands(Math.round(totals.tasks_per_usd))),
    row('blocks demoted / recalled', ({ blocks }) => `${thousands(blocks.demoted)} / ${thousands(blocks.recalled)}`),
    row('blocks migrated / evicted', ({ blocks }) => `${thousands(blocks.migrated)} / ${thousands(blocks.evicted)}`),
    row('working set', (totals) => mib(totals.working_set_bytes)),
    row('arena (hbm)', (totals) => `${mib(totals.hbm_bytes)} (${percent(totals.hbm_bytes, totals.working_set_bytes)})`),
  ]);
}

/** The first run against the second, in words that say which way it went. */
export function verdict(ours: Report, theirs: Report): string {
  const against = (name: string, a: number, b: number): string => (a <= b ? `${(b / Math.max(a, 1e-9)).toFixed(2)}× less ${name}` : `${(a / Math.max(b, 1e-9)).toFixed(2)}× MORE ${name}`);
  return `${ours.policy} against ${theirs.policy}: ${[
    against('wall time', ours.wall_ms, theirs.wall_ms), against('mean completion time', ours.totals.jct_ms.mean, theirs.totals.jct_ms.mean),
    against('computed prompt', ours.totals.prompt_tokens.computed, theirs.totals.prompt_tokens.computed), against('cost per task', 1 / ours.totals.tasks_per_usd, 1 / theirs.totals.tasks_per_usd),
  ].join(', ')}`;
}
