/**
 * The gate. `npm test [-- STAGE…]` runs the cheap stages, `npm run test:full` all of them; prints where the time went
 * and closes with one line `N passed, N failed`. A stage that runs nothing has failed: a gate that checks nothing is open.
 */
import { mkdirSync } from 'node:fs';
import { addCounts, type Counts, noCounts } from './counts.ts';
import { resultsFolder } from './paths.ts';
import { fullStages, type Stage, stages } from './stages.ts';

interface Finished { readonly stage: Stage; readonly counts: Counts; readonly ms: number }

const chosen: readonly Stage[] = choose(process.argv.slice(2));
mkdirSync(resultsFolder, { recursive: true });

const finished: Finished[] = [];
for (const stage of chosen) {
  console.log(`▶ ${stage.name}: ${stage.what}`);
  const startMs = performance.now();
  const counts = await runStage(stage);
  finished.push({ stage, counts, ms: performance.now() - startMs });
  for (const failure of counts.failures) console.log(`  ✗ ${failure}`);
}
console.log(`\n${table(finished)}\n`);
const total = finished.map((row) => row.counts).reduce(addCounts, noCounts);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runStage(stage: Stage): Promise<Counts> {
  try {
    const counts = await stage.run(stage);
    return counts.passed + counts.failed > 0 ? counts : { ...counts, failed: 1, failures: [`${stage.name} ran nothing`] };
  } catch (error) {
    return { ...noCounts, failed: 1, failures: [`${stage.name}: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function choose(args: readonly string[]): readonly Stage[] {
  const full = args.includes('--full');
  const names = args.filter((arg) => arg !== '--full');
  const all = full ? [...stages, ...fullStages] : stages;
  const known = [...stages, ...fullStages];
  const unknown = names.filter((name) => !known.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    console.error(`unknown stage ${unknown.join(', ')}; there are ${known.map((stage) => stage.name).join(', ')}`);
    process.exit(2);
  }
  return names.length === 0 ? all : known.filter((stage) => names.includes(stage.name));
}

function table(rows: readonly Finished[]): string {
  const line = (cells: readonly (string | number)[]) => cells.map((cell, i) => i === 0 ? String(cell).padEnd(16) : String(cell).padStart(9)).join('');
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  return [
    line(['stage', 'passed', 'failed', 'skipped', 'seconds']),
    ...rows.map(({ stage, counts, ms }) => line([stage.name, counts.passed, counts.failed, counts.skipped, seconds(ms)])),
    line(['all', '', '', '', seconds(rows.reduce((sum, row) => sum + row.ms, 0))]),
  ].join('\n');
}
