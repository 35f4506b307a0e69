/** Run as a program, `child.ts NAME FROM COUNT`: looks for the first seed that finds the mutant, and says so as one line of JSON. */
import type { Report } from '../harness.ts';
import { mutantNamed, plant } from './plant.ts';

const [name = '', from = '1', count = '200'] = process.argv.slice(2);
const isPlanted = plant(mutantNamed(name));
const { simulate } = await import('../harness.ts');
if (!isPlanted()) throw new Error(`mutant ${name}: its file is not part of the simulation`);
let found: Report | null = null;
let seed = Number(from);
for (; seed < Number(from) + Number(count); seed++) {
  const report = await simulate(seed);
  if (report.broken === null) continue;
  found = report;
  break;
}
console.log(JSON.stringify({ name, seed: found === null ? null : seed, invariant: found?.broken?.invariant ?? null, message: found?.broken?.message.split('\n')[0] ?? null }));
