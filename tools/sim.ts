import { simulate } from '../test/sim/harness.ts';
const args = process.argv.slice(2);
const value = (name: string) => { const at = args.indexOf(name); return at < 0 ? null : Number(args[at + 1]); };
const seeds = value('--seeds') ?? 1;
const from = value('--seed') ?? value('--from') ?? 1;
const verbose = args.includes('--trace');
let passed = 0, failed = 0;
const startMs = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  const report = await simulate(seed, verbose ? { onEvent: (line) => console.log(line) } : {});
  if (report.broken === null) passed++; else { failed++; console.log(`seed ${seed}: ${report.broken.message}`); }
  if (value('--seed') !== null) console.log(report.seed, report.events, Math.round(report.virtualMs), report.stats, report.hash.toString(16));
}
console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
console.log(`${passed} passed, ${failed} failed`);
