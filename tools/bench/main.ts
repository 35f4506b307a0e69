/** `npm run bench -- NAME …`: side-by-side measurements. They check speed, never behaviour, and nothing of the gate runs them. */
import { benchEngine, usage, UsageError } from './engine.ts';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = { engine: benchEngine };
const [name = '', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined || args.includes('--help')) {
  console.error(bench === undefined ? `unknown bench "${name}"; there are ${Object.keys(benches).join(', ')}\n${usage}` : usage);
  process.exit(bench === undefined ? 2 : 0);
}
try {
  await bench(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench: ${error.message}\n${usage}`);
  process.exitCode = 2;
}
