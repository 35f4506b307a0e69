import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutants } from './mutants.ts';
import { mutantNamed } from './plant.ts';

export interface Found { readonly name: string; readonly seed: number | null; readonly invariant: string | null; readonly message: string | null }

const seedsMax = 200;
const childMs = 10 * 60_000;
const table = fileURLToPath(new URL('../../../docs/mutants.md', import.meta.url));
const child = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Tries the seed in the table, then from 1 on, two mutants at a time. */
export async function runMutants(names: readonly string[], isUpdate: boolean): Promise<{ passed: number; failed: number }> {
  const chosen = names.length === 0 ? mutants : names.map(mutantNamed);
  const queue = [...chosen];
  const results = new Map<string, Found>();
  const known = seedsInTable();
  const look = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const last = known.get(mutant.name) ?? null;
      let found = last === null ? null : await findMutant(mutant.name, last, 1);
      if (found === null || found.seed === null) found = await findMutant(mutant.name, 1, seedsMax);
      results.set(mutant.name, found);
      console.log(found.seed === null ? `✗ ${mutant.name}: not found within ${seedsMax} seeds${found.message === null ? '' : `: ${found.message}`}` : `${mutant.name}: seed ${found.seed}, ${found.message}`);
    }
  };
  await Promise.all([look(), look()]);
  const found = chosen.filter(({ name }) => results.get(name)?.seed != null).length;
  if (isUpdate && names.length === 0 && found === chosen.length) writeFileSync(table, tableOf(mutants.map((mutant) => [mutant, results.get(mutant.name) as Found])));
  return { passed: found, failed: chosen.length - found };
}

/** In a process of its own, because the bug is planted while its file is loaded. */
export function findMutant(name: string, from: number, count: number): Promise<Found> {
  return new Promise((resolve) => {
    const running = spawn(process.execPath, [child, name, String(from), String(count)], { stdio: ['ignore', 'pipe', 'pipe'], timeout: childMs });
    let said = '', complained = '';
    running.stdout.setEncoding('utf8').on('data', (text: string) => { said += text; });
    running.stderr.setEncoding('utf8').on('data', (text: string) => { complained += text; });
    running.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as Found);
      else resolve({ name, seed: null, invariant: null, message: /Error: (.*)/.exec(complained)?.[1] ?? `it ended with ${code}` });
    });
  });
}

/** Mutant → seed, as the table says. */
export function seedsInTable(): ReadonlyMap<string, number> {
  const text = existsSync(table) ? readFileSync(table, 'utf8') : '';
  return new Map([...text.matchAll(/^\| `([\w-]+)` \|.*\| (\d+) \|[^|]*\|$/gm)].map(([, name = '', seed]) => [name, Number(seed)]));
}

function tableOf(rows: readonly (readonly [Mutant, Found])[]): string {
  const lines = rows.map(([{ name, file, breaks }, { seed, invariant }]) => `| \`${name}\` | \`${file}\` | ${breaks} | ${seed} | ${invariant === 'AssertionError' ? 'an assertion of the actor' : invariant} |`);
  return `# Mutants

A simulation that finds nothing may be a toy. So bugs are planted in the production files, one at a time, and each must be found within ${seedsMax} seeds. This table
is written by \`npm run sim -- --mutants --update\`; \`npm run test:full\` looks for all of them again, the gate for a few by their seed. The bugs themselves are in
\`test/sim/mutants/mutants.ts\`: each replaces one place of one file while it is loaded, in a process of its own, and fails loudly when the place is gone.
Seeds are counted from 1; a seed means something else after every change to the simulation or to what it runs.

| mutant | file | what it breaks | found by seed | what caught it |
|---|---|---|---|---|
${lines.join('\n')}
`;
}
