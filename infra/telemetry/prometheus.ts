import type { Distribution, Family, Labels } from './families.ts';

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format, version 0.0.4. A metric without samples is left out. */
export function prometheusText(families: readonly Family[]): string {
  return families.filter(({ samples }) => samples.length > 0).map((family) => {
    const name = prometheusName(family.name);
    const lines = family.kind === 'histogram' ? family.samples.flatMap((sample) => bucketLines(name, sample)) : family.samples.map(({ labels, value }) => line(name, labels, value));
    return `# HELP ${name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${family.kind}\n${lines.join('')}`;
  }).join('');
}

/** Ours have a prefix; what every client library calls the same has none. */
export const prometheusName = (name: string): string => (/^(process|nodejs)_/.test(name) ? name : `slackwater_${name}`);

function bucketLines(name: string, { labels, bounds, counts, sum }: Distribution): string[] {
  let below = 0;
  const buckets = counts.map((count, i) => line(`${name}_bucket`, { ...labels, le: i < bounds.length ? numeral(bounds[i] ?? 0) : '+Inf' }, below += count));
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, below)];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numeral(value)}\n`;
}

function numeral(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
