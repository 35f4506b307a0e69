/**
 * `npm run sim`: simulated fleets, one world a seed (design, section 9).
 *
 *   -- --seed N            replays one, and prints what it was; with --events every event as it happens
 *   -- --seeds N [--from K]
 *   -- --mutants [NAME…] [--update]   planted bugs: each must be found within 200 seeds; --update writes docs/mutants.md
 *
 * Its last words are `N passed, N failed`. Exits 1 when something failed, 2 when asked for something it does not know.
 */
import { simulateMany } from '../test/sim/crew.ts';
import { simulate, type Report } from '../test/sim/harness.ts';
import { runMutants } from '../test/sim/mutants/table.ts';

const seedsUsual = 200;
const args = process.argv.slice(2);

const known = new Set(['--seed', '--seeds', '--from', '--mutants', '--update', '--events']);
const unknown = args.find((arg) => arg.startsWith('-') && !known.has(arg));
if (unknown !== undefined) {
  console.error(`unknown option ${unknown}; there are ${[...known].join(', ')}`);
  process.exit(2);
}

const startMs = performance.now();
const counts = args.includes('--mutants')
  ? await runMutants(args.slice(args.indexOf('--mutants') + 1).filter((arg) => !arg.startsWith('-')), args.includes('--update'))
  : await runSeeds();
console.log(`${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

async function runSeeds(): Promise<{ passed: number; failed: number }> {
  const one = numberAfter('--seed');
  const from = one ?? numberAfter('--from') ?? 1;
  const count = one === null ? numberAfter('--seeds') ?? seedsUsual : 1;
  const total: Record<string, number> = {};
  let failed = 0;
  const told = (report: Report): void => {
    if (report.broken !== null) { failed++; tellBroken(report, one !== null); }
    if (one !== null) console.log(`seed ${report.seed}: ${report.events} events, ${(report.virtualMs / 1_000).toFixed(1)} s of virtual time, hash ${report.hash.toString(16).padStart(8, '0')}`);
    for (const [what, number] of Object.entries(report.stats)) total[what] = (total[what] ?? 0) + number;
  };
  if (one !== null) told(await simulate(one, args.includes('--events') ? { onEvent: (line) => console.log(line) } : {}));
  else await simulateMany(from, count, told);
  console.log(Object.entries(total).map(([what, number]) => `${number} ${what}`).join(', '));
  return { passed: count - failed, failed };
}

function tellBroken(report: Report, isOnly: boolean): void {
  if (isOnly) console.log(report.tail.slice(-40).join('\n'));
  console.log(`seed ${report.seed}: ${report.broken?.message}\n  again: npm run sim -- --seed ${report.seed}${isOnly ? ' --events' : ''}`);
}

function numberAfter(option: string): number | null {
  const at = args.indexOf(option);
  if (at < 0) return null;
  const value = Number(args[at + 1]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`${option} takes a whole number, not ${args[at + 1] ?? 'nothing'}`);
  process.exit(2);
}
