import { readDevice } from '../../infra/replay/fleet.ts';
import { contextOfChunk, type Device, type Iteration, iterationMs, type ModelShape } from '../../infra/replay/simulation/engine-model.ts';
import { problemOf, type RatePoint, RateTable } from '../../infra/replay/simulation/rate.ts';
import { type Cell as Work, EngineMeter, middleDepth } from './engine-meter.ts';
import { fitted } from './fit.ts';
import { type Spread, spread } from './stats.ts';
import { UsageError } from './usage-error.ts';

export interface Cell extends Work { readonly use: 'fitted' | 'held out' }
/** Of a cell. `modelMs`: with the fitted rates, `fileMs`: with those of the device's file. */
export interface Measured { readonly cell: Cell; readonly measuredMs: number; readonly leastMs: number; readonly mostMs: number; readonly modelMs: number; readonly fileMs: number }

const prefill = (tokens: number, behind: number): Work => ({ prefill: tokens, behind, decodes: 0, depth: 0 });
const decode = (decodes: number, depth: number): Work => ({ prefill: 0, behind: 0, decodes, depth });
const mixed = (tokens: number, behind: number, decodes: number, depth: number): Work => ({ prefill: tokens, behind, decodes, depth });
const all = (use: Cell['use'], works: readonly Work[]): Cell[] => works.map((work) => ({ ...work, use }));

/** What agents do: appends from a line to a file, on prefixes up to the context's end; one to 32 sequences that decode; both at once. */
export const cells: readonly Cell[] = [
  ...all('fitted', [
    prefill(512, 0), prefill(256, 0), prefill(128, 0), prefill(64, 0), prefill(16, 0), prefill(512, 2048), prefill(64, 2048), prefill(16, 2048), prefill(256, 6144), prefill(64, 6144), prefill(16, 6144),
    decode(1, 128), decode(2, 128), decode(4, 128), decode(8, 128), decode(16, 128), decode(32, 128), decode(1, 4096), decode(4, 2048), decode(16, 512),
  ]),
  ...all('held out', [
    prefill(384, 1024), prefill(192, 4096), prefill(128, 2048), prefill(96, 512), prefill(32, 6144), prefill(32, 1024), prefill(24, 0),
    decode(1, 7168), decode(2, 512), decode(2, 4096), decode(3, 1024), decode(6, 512), decode(8, 1024), decode(12, 256), decode(24, 256),
    mixed(64, 1024, 3, 1024), mixed(128, 4096, 2, 2048), mixed(256, 0, 4, 512), mixed(32, 512, 8, 256),
  ]),
];

/** Engines that compute at the same time, each with so many threads, and the device that one of them is. */
export interface Engines { readonly device: string; readonly count: number; readonly threads: number }

/** Milliseconds, by round and cell. `references`: of the reference, by round, before each cell and behind the last. */
export interface CpuTimes { readonly engines: Engines; readonly numerics: string; readonly cells: readonly Cell[]; readonly times: readonly (readonly number[])[]; readonly references: readonly (readonly number[])[]; readonly commit: string }

export interface CpuCalibration { readonly device: Device; readonly rows: readonly Measured[]; readonly referenceMs: Spread }

/** In every round all cells, so that whatever the machine does hits all alike; between them the reference, which tells how fast it is then. */
const reference = prefill(128, 0);

/** Measures this machine's engine, in so many rounds behind those of `earlier`; `onRound` is told what there is after each. Throws UsageError: those of `earlier` measured something else. */
export async function measureCpu(modelPath: string, engines: Engines, rounds: number, commit: string, earlier: CpuTimes | null, onRound: (times: CpuTimes) => void): Promise<CpuTimes> {
  const meters = Array.from({ length: engines.count }, () => new EngineMeter(modelPath, engines.threads));
  try {
    if (earlier !== null) refuseOthers(earlier, { engines, numerics: meters[0]!.numerics, cells });
    const measure = async (work: Work): Promise<number> => mean(await Promise.all(meters.map((meter) => meter.measure(work))));
    await Promise.all(meters.map((meter) => meter.fill()));
    const times = [...earlier?.times ?? []], references = [...earlier?.references ?? []], made: CpuTimes = { engines, numerics: meters[0]!.numerics, cells, times, references, commit };
    for (let round = 0; round < rounds; round++) {
      const here: number[] = [], beside: number[] = [await measure(reference)];
      for (const cell of cells) {
        here.push(await measure(cell));
        beside.push(await measure(reference));
      }
      times.push(here);
      references.push(beside);
      onRound(made);
    }
    return made;
  } finally {
    for (const meter of meters) await meter.close();
  }
}

type What = Pick<CpuTimes, 'engines' | 'numerics' | 'cells'>;

/** Times of a round are told apart by their place alone: joined to others they would be taken for those of other cells. Throws UsageError, which says all that differs. */
export function refuseOthers(earlier: What, now: What): void {
  const enginesOf = ({ engines: { count, threads } }: What): string => `${count} engines of ${threads} threads`;
  const cellOf = ({ cells }: What, i: number): string => (cells[i] === undefined ? 'none' : `${nameOf(cells[i])} (${cells[i].use})`);
  const at = Array.from({ length: Math.max(earlier.cells.length, now.cells.length) }, (_, i) => i).find((i) => cellOf(earlier, i) !== cellOf(now, i));
  const differ = [
    ...(at === undefined ? [] : [`${earlier.cells.length} cells, now ${now.cells.length}; the first that differs is number ${at + 1}: ${cellOf(earlier, at)}, now ${cellOf(now, at)}`]),
    ...(enginesOf(earlier) === enginesOf(now) ? [] : [`${enginesOf(earlier)}, now ${enginesOf(now)}`]),
    ...(earlier.numerics === now.numerics ? [] : [`numerics ${earlier.numerics}, now ${now.numerics}`]),
  ];
  if (differ.length > 0) throw new UsageError(`--more: the rounds of ${now.engines.device} that are there were of ${differ.join('; ')}: measure anew, without --more`);
}

/** Fits the device's rates to the cells that may be fitted: of each the median over the rounds counts, every time as it would be if the references beside it took what they usually do. */
export function calibrateCpu({ engines, cells, times, references }: CpuTimes, shape: ModelShape): CpuCalibration {
  const referenceMs = spread(references.flat());
  const measured = cells.map((cell, i) => ({ cell, ms: spread(times.map((round, at) => (round[i]! * referenceMs.median) / Math.sqrt(references[at]![i]! * references[at]![i + 1]!))) }));
  const file = readDevice(engines.device, 'bf16');
  const device = fitDevice(file, shape, measured.filter(({ cell }) => cell.use === 'fitted').map(({ cell, ms }) => ({ iteration: iterationOf(cell), ms: ms.median })));
  return {
    device, referenceMs,
    rows: measured.map(({ cell, ms }) => ({ cell, measuredMs: ms.median, leastMs: ms.min, mostMs: ms.max, modelMs: iterationMs(device, shape, iterationOf(cell)), fileMs: iterationMs(file, shape, iterationOf(cell)) })),
  };
}

export const nameOf = ({ prefill, behind, decodes, depth }: Work): string =>
  [...(prefill > 0 ? [`prefill ${prefill} at ${behind}`] : []), ...(decodes > 0 ? [`decode ${decodes} at ${depth}`] : [])].join(' + ');

/** The middle one of those that are measured. */
export const iterationOf = ({ prefill, behind, decodes, depth }: Work): Iteration =>
  ({ prefillTokens: prefill, prefillContext: contextOfChunk(behind, prefill), decodes, decodeContext: decodes * middleDepth(depth) });

/** Where the tables have their points: between them a straight line does, in logarithms. */
const linearRows = [1, 4, 16, 64, 256, 512], attentionRows = [1, 16, 64, 256];

/** The device with the rates that agree best with what was measured. Reads stay as they are: tables say what few rows take. */
export function fitDevice(device: Device, shape: ModelShape, measured: readonly { readonly iteration: Iteration; readonly ms: number }[]): Device {
  const start: Record<string, number> = { overheadPerSequenceMs: 0.3 };
  // Tokens a second in some order of magnitude: a search in factors finds the rest.
  for (const rows of linearRows) start[`linear ${rows}`] = 5e10 * Math.min(8, rows ** 0.5);
  for (const rows of attentionRows) start[`attention ${rows}`] = 5e10 * Math.min(4, rows ** 0.3);
  const made = (rates: Readonly<Record<string, number>>): Device | null => {
    const table = (of: string, rows: readonly number[]): RatePoint[] => rows.map((row) => [row, rates[`${of} ${row}`]!]);
    const linear = table('linear', linearRows), attention = table('attention', attentionRows);
    return problemOf(linear) !== null || problemOf(attention) !== null ? null : { ...device, linearFlopsPerS: new RateTable(linear), attentionFlopsPerS: new RateTable(attention), overheadPerSequenceMs: rates['overheadPerSequenceMs']! };
  };
  const { params } = fitted(start, {}, (rates) => {
    const tried = made(rates);
    return measured.map(({ iteration, ms }) => (tried === null ? 1e3 : Math.log(iterationMs(tried, shape, iteration) / ms)));
  }, 30_000);
  return made(params)!;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
