/** Checks that only read the sources. Each is one command, and one test of the gate. */
export interface StaticCheck { readonly name: string; readonly command: readonly string[] }

const bin = 'node_modules/.bin';

export const staticChecks: readonly StaticCheck[] = [
  { name: 'types', command: [`${bin}/tsc`, '--noEmit', '-p', '.'] },
  { name: 'lint', command: [`${bin}/biome`, 'lint', '--error-on-warnings'] },
  { name: 'import-picture', command: [`${bin}/depcruise`, '--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', 'actors', 'schemas', 'kernels', 'infra', 'test', 'tools'] },
  { name: 'dead-exports', command: [`${bin}/knip`] },
  { name: 'generated-code', command: ['node', 'tools/gen.ts', '--check'] },
  { name: 'lock', command: ['node', 'tools/lock.ts', '--check'] },
  { name: 'tidy', command: ['node', 'tools/tidy/main.ts'] },
];
