export type Labels = Readonly<Record<string, string>>;
export interface Sample { readonly labels: Labels; readonly value: number }

/** How often values fell below or on each bound; `counts` has one more for what is above the last. Not cumulative. */
export interface Distribution { readonly labels: Labels; readonly bounds: readonly number[]; readonly counts: readonly number[]; readonly sum: number }

/** One metric with what it says now. */
export type Family = { readonly name: string; readonly help: string; readonly unit: string } & (
  | { readonly kind: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
  | { readonly kind: 'histogram'; readonly samples: readonly Distribution[] });

/** A metric as a row of a table: its name without the prefix, and how it is read from what its role knows. */
export type Metric<Source> = { readonly name: string; readonly help: string; readonly unit: string } & (
  | { readonly kind: 'counter' | 'gauge'; read(source: Source): number | readonly Sample[] }
  | { readonly kind: 'histogram'; read(source: Source): readonly Distribution[] });

export function familiesOf<Source>(table: readonly Metric<Source>[], source: Source): Family[] {
  return table.map((metric): Family => {
    const { name, help, unit } = metric;
    if (metric.kind === 'histogram') return { name, help, unit, kind: 'histogram', samples: metric.read(source) };
    const read = metric.read(source);
    return { name, help, unit, kind: metric.kind, samples: typeof read === 'number' ? [{ labels: {}, value: read }] : read };
  });
}

/** `{ hit: 3, computed: 4 }` under the label `source` is two samples. */
export const each = (label: string, values: Readonly<Record<string, number>>, more: Labels = {}): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { ...more, [label]: name }, value }));
