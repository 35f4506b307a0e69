import type { Cell } from './figures.ts';
import { over } from './figures.ts';
import type { OverTime } from '../../../infra/replay/over-time.ts';
import type { Metric } from './job.ts';

/** Colours by policy: those that are told apart in words get one, the rest is grey. Both settings of a reader's screen. */
const colours: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  'round-robin-lru': ['#9a6a2f', '#d9a566'], 'exact-prefix': ['#1f6fb2', '#6fb4f0'], continuum: ['#7a4fb0', '#b795e6'], 'thunder-agent': ['#b03a6f', '#ee85b4'], mori: ['#2e8b57', '#63cf95'],
  plas: ['#0f8f9c', '#4fd0dc'], oracle: ['#444c55', '#c6ced7'], slackwater: ['#d1401f', '#ff7d5c'], 'lower bound': ['#8a939d', '#7c8894'],
};
export const drawnPolicies = Object.keys(colours).filter((name) => name !== 'lower bound');

const parts = {
  hit: ['#2e8b57', '#4fb984'], recalled: ['#8ecbaa', '#2f6b4d'], migrated: ['#c2a21c', '#e3c64f'], 'computed, new': ['#1f6fb2', '#6fb4f0'], 'computed again': ['#d1401f', '#ff7d5c'],
  queue: ['#b03a6f', '#ee85b4'], recall: ['#8ecbaa', '#4fb984'], 'compute, new': ['#1f6fb2', '#6fb4f0'], 'compute, avoidable': ['#d1401f', '#ff7d5c'], decode: ['#c2a21c', '#e3c64f'], gap: ['#d5dae0', '#39424c'],
} as const;

interface Line { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }

/** A metric against how many tasks are there at once, policies as lines; both axes by ratios. `bound`: drawn with them. */
export function againstLoad(cells: readonly Cell[], metric: Metric, bound: Metric | null, title: string, unit: string): string {
  const at = (cell: Cell, which: Metric): readonly [number, number] => [Number(/\d+$/.exec(cell.load)?.[0] ?? 1), over(cell, which).mean];
  const lines = drawnPolicies.map((name): Line => ({ name, points: cells.filter(({ policy }) => policy === name).map((cell) => at(cell, metric)) }));
  if (bound !== null && cells[0] !== undefined) lines.push({ name: 'lower bound', points: cells.filter(({ policy }) => policy === cells[0]!.policy).map((cell) => at(cell, bound)) });
  return lineChart(lines.filter(({ points }) => points.length > 0), title, 'tasks at once', unit);
}

function lineChart(lines: readonly Line[], title: string, xName: string, yName: string): string {
  const left = 60, right = 540, top = 44, bottom = 300;
  const all = lines.flatMap(({ points }) => points);
  const scale = (values: readonly number[], from: number, to: number): ((value: number) => number) => {
    const low = Math.log(Math.min(...values)), high = Math.log(Math.max(...values));
    return (value) => from + ((Math.log(value) - low) / Math.max(1e-9, high - low)) * (to - from);
  };
  const xs = all.map(([x]) => x), ys = all.map(([, y]) => y);
  const x = scale(xs, left, right), y = scale(ys, bottom, top);
  const body: string[] = [words(20, 24, title, 'heading'), words((left + right) / 2, bottom + 34, xName, 'note', 'middle'), words(20, 38, yName, 'note')];
  for (const tick of ticks(Math.min(...ys), Math.max(...ys))) body.push(`<path d="M${left} ${y(tick).toFixed(1)}H${right}" class="grid"/>`, words(left - 6, y(tick) + 4, told(tick), 'note', 'end'));
  for (const tick of ticks(Math.min(...xs), Math.max(...xs))) body.push(words(x(tick), bottom + 18, told(tick), 'note', 'middle'));
  const labels = lines.map(({ name, points }) => ({ name, y: y(points.at(-1)![1]) })).sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => { if (i > 0) label.y = Math.max(label.y, labels[i - 1]!.y + 13); });
  for (const { name, points } of lines) {
    const sorted = points.toSorted((a, b) => a[0] - b[0]);
    body.push(`<path d="${sorted.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}`).join('')}" class="line ${classOf(name)}"${name === 'lower bound' ? ' stroke-dasharray="4 4"' : ''}/>`);
    for (const point of sorted) body.push(`<circle cx="${x(point[0]).toFixed(1)}" cy="${y(point[1]).toFixed(1)}" r="2.5" class="dot ${classOf(name)}"/>`);
  }
  for (const label of labels) body.push(`<text x="${right + 10}" y="${(label.y + 4).toFixed(1)}" class="dot ${classOf(label.name)}">${label.name}</text>`);
  return sheet(680, 346, title, body, lines.map(({ name }) => [classOf(name), colours[name]!]));
}

/** One small area chart for each cell: where prompt tokens came from as time went by, as shares. Of the first seed. */
export function hitsOverTime(cells: readonly Cell[], title: string): string {
  const width = 210, height = 110, names = ['hit', 'recalled', 'migrated', 'computed, new', 'computed again'] as const;
  const body: string[] = [words(20, 24, title, 'heading'), ...legend(names, 20, 42)];
  cells.forEach((cell, i) => {
    const left = 20 + (i % 3) * (width + 14), top = 72 + Math.floor(i / 3) * (height + 42);
    const { everyS, spans } = busyPart(cell.outcomes[0]!.overTime);
    const shares = spans.map(({ hit, recalled, migrated, computed, avoidable }) => {
      const all = Math.max(1, hit + recalled + migrated + computed);
      return [hit / all, recalled / all, migrated / all, Math.max(0, computed - avoidable) / all, avoidable / all];
    });
    body.push(words(left, top - 6, cell.policy, 'label'), `<rect x="${left}" y="${top}" width="${width}" height="${height}" class="empty"/>`);
    // Spans in which nothing ended stay empty; bars, since an area would draw over them.
    const wide = width / Math.max(1, shares.length);
    names.forEach((name, part) => {
      const d = shares.map((share, at) => {
        const from = share.slice(0, part).reduce((sum, one) => sum + one, 0), tall = share[part]!;
        return tall === 0 ? '' : `M${(left + at * wide).toFixed(1)} ${(top + height * (1 - from)).toFixed(1)}h${wide.toFixed(2)}v${(-height * tall).toFixed(1)}h${(-wide).toFixed(2)}z`;
      }).join('');
      body.push(`<path d="${d}" class="${classOf(name)}"/>`);
    });
    body.push(words(left, top + height + 14, '0', 'note'), words(left + width, top + height + 14, `${Math.round((everyS * spans.length) / 60)} min`, 'note', 'end'));
  });
  return sheet(706, 84 + Math.ceil(cells.length / 3) * (height + 42), title, body, names.map((name) => [classOf(name), parts[name]]));
}

/** Without the end, in which a few tasks with long gaps are left: until 97% of the tokens. */
function busyPart({ everyS, spans }: OverTime): OverTime {
  const tokens = spans.map(({ hit, recalled, migrated, computed }) => hit + recalled + migrated + computed), all = tokens.reduce((sum, one) => sum + one, 0);
  let sum = 0;
  const end = tokens.findIndex((one) => { sum += one; return sum >= 0.97 * all; });
  return { everyS, spans: spans.slice(0, end + 1) };
}

/** One bar for each cell: what the seconds of its mean task went to. */
export function whereSecondsGo(cells: readonly Cell[], title: string): string {
  const names = ['queue', 'recall', 'compute, new', 'compute, avoidable', 'decode', 'gap'] as const;
  const rows = cells.map((cell) => {
    const mean = (name: keyof Cell['outcomes'][number]['secondsOf']): number => cell.outcomes.reduce((sum, { secondsOf }) => sum + secondsOf[name], 0) / cell.outcomes.length;
    return { policy: cell.policy, seconds: [mean('queue'), mean('recall'), mean('computeNew'), mean('computeAvoidable'), mean('decode'), mean('gap')] };
  }).map((row) => ({ ...row, total: row.seconds.reduce((sum, one) => sum + one, 0) })).toSorted((a, b) => a.total - b.total);
  const left = 130, right = 620, most = Math.max(...rows.map(({ total }) => total));
  const body: string[] = [words(20, 24, title, 'heading'), ...legend(names, 20, 42)];
  rows.forEach(({ policy, seconds, total }, i) => {
    const top = 62 + i * 22;
    let x = left;
    body.push(words(left - 8, top + 12, policy, 'label', 'end'));
    names.forEach((name, part) => {
      const width = (seconds[part]! / most) * (right - left);
      body.push(`<rect x="${x.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="16" class="${classOf(name)}"/>`);
      x += width;
    });
    body.push(words(x + 6, top + 12, `${Math.round(total)} s`, 'note'));
  });
  return sheet(690, 76 + rows.length * 22, title, body, names.map((name) => [classOf(name), parts[name]]));
}

function legend(names: readonly (keyof typeof parts)[], left: number, y: number): string[] {
  let x = left;
  return names.flatMap((name) => {
    const at = x;
    x += 24 + name.length * 6.4;
    return [`<rect x="${at}" y="${y - 8}" width="10" height="10" class="${classOf(name)}"/>`, words(at + 14, y + 1, name, 'note')];
  });
}

/** 1, 2 and 5 times powers of ten that lie between; few. */
function ticks(low: number, high: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) for (const digit of [1, 2, 5]) all.push(digit * 10 ** power);
  return all.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

const told = (value: number): string => (value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(3))));
const classOf = (name: string): string => `c-${name.replaceAll(/[^a-z]+/g, '-')}`;
const words = (x: number, y: number, text: string, kind: string, anchor: 'start' | 'middle' | 'end' = 'start'): string => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${kind}" text-anchor="${anchor}">${escaped(text)}</text>`;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function sheet(width: number, height: number, title: string, body: readonly string[], palette: readonly (readonly [string, readonly [string, string]])[]): string {
  const rules = (shade: 0 | 1): string => palette.map(([name, shades]) => `.${name} { --c: ${shades[shade]}; }`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escaped(title)}">
<style>
  svg { --paper: #ffffff; --ink: #1c2530; --faint: #5c6875; --grid: #e3e8ed; font: 12px system-ui, sans-serif; } ${rules(0)}
  @media (prefers-color-scheme: dark) { svg { --paper: #12171d; --ink: #e6ebf0; --faint: #9aa7b4; --grid: #27303a; } ${rules(1)} }
  .paper { fill: var(--paper); } .heading { fill: var(--ink); font-size: 14px; font-weight: 600; } .label { fill: var(--ink); } .note { fill: var(--faint); font-size: 10.5px; }
  .grid { stroke: var(--grid); } .empty { fill: var(--grid); } [class^="c-"], .dot { fill: var(--c); } .line { fill: none; stroke: var(--c); stroke-width: 1.8; }
</style>
<rect width="100%" height="100%" class="paper"/>
${body.join('\n')}
</svg>
`;
}
