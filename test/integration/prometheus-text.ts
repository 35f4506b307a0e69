export interface Scraped {
  readonly names: readonly string[];
  /** Throws when there is no such sample. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
}

interface Sample { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (NaN|[+-]Inf|[+-]?[0-9.]+(?:e[+-]?[0-9]+)?)$/;

/**
 * Reads Prometheus' text format 0.0.4 and refuses everything a scraper could trip over: lines out of their metric's
 * group, a metric without type or help, the same sample twice, histograms that are not cumulative or do not end in +Inf.
 */
export function parsePrometheus(text: string): Scraped {
  if (!text.endsWith('\n')) throw new Error('the text does not end in a line feed');
  const samples: Sample[] = [], types = new Map<string, string>(), helped = new Set<string>();
  let group = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, subject = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') { if (helped.has(subject)) throw new Error(`HELP of ${subject} twice`); helped.add(subject); group = subject; continue; }
    if (keyword === 'TYPE') {
      if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`type ${rest}`);
      if (types.has(subject)) throw new Error(`TYPE of ${subject} twice`);
      types.set(subject, rest);
      group = subject;
      continue;
    }
    const [, name = '', labelText = '', value = ''] = sampleLine.exec(line) ?? [];
    if (name === '') throw new Error(`not a line of the format: ${JSON.stringify(line)}`);
    const type = types.get(group);
    if (type === undefined) throw new Error(`${name} has no type`);
    if (type === 'histogram' ? !['_bucket', '_sum', '_count'].some((suffix) => name === group + suffix) : name !== group) throw new Error(`${name} stands in the group of ${group}`);
    if (type === 'counter' && !(Number(value) >= 0)) throw new Error(`counter ${name} is ${value}`);
    samples.push({ name, labels: labelsOf(labelText), value: value.endsWith('Inf') ? Number(`${value}inity`) : Number(value) });
  }
  const keys = samples.map(({ name, labels }) => keyOf(name, labels));
  for (const key of keys) if (keys.indexOf(key) !== keys.lastIndexOf(key)) throw new Error(`${key} twice`);
  for (const [name, type] of types) if (type === 'histogram') checkHistogram(name, samples);
  return {
    names: [...types.keys()],
    value(name, labels = {}) {
      const index = keys.indexOf(keyOf(name, labels));
      const sample = samples[index];
      if (sample === undefined) throw new Error(`no sample ${keyOf(name, labels)}; there is ${keys.filter((key) => key.startsWith(name)).join(' ') || 'none of that name'}`);
      return sample.value;
    },
  };
}

function labelsOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g)];
  return Object.fromEntries(found.map(([, label = '', value = '']) => [label, value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))]));
}

const keyOf = (name: string, labels: Readonly<Record<string, string>>): string => `${name}${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples.filter((it) => it.name === `${name}_bucket`)) {
    const { le, ...labels } = sample.labels;
    if (le === undefined) throw new Error(`a bucket of ${name} has no bound`);
    series.set(keyOf('', labels), [...series.get(keyOf('', labels)) ?? [], sample]);
  }
  for (const [key, buckets] of series) {
    buckets.forEach(({ value }, i) => { if (value < (buckets[i - 1]?.value ?? 0)) throw new Error(`buckets of ${name} ${key} fall`); });
    const count = samples.find((it) => it.name === `${name}_count` && keyOf('', it.labels) === key)?.value;
    if (buckets.at(-1)?.labels['le'] !== '+Inf' || buckets.at(-1)?.value !== count) throw new Error(`${name} ${key} does not end in its count ${count}`);
  }
}
