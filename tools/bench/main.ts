/** `npm run bench -- NAME …`: side-by-side measurements. They check speed, never behaviour, and nothing of the gate runs them. */
import { benchCalibrate, calibrateUsage } from './calibrate.ts';
import { benchEngine, usage as engineUsage } from './engine.ts';
import { policyUsage } from './policy/flags.ts';
import { benchPolicy } from './policy/policy.ts';
import { UsageError } from './usage-error.ts';

const benches: Readonly<Record<string, { readonly run: (args: readonly string[]) => Promise<void>; readonly usage: string }>> = {
  engine: { run: benchEngine, usage: engineUsage },
  policy: { run: benchPolicy, usage: policyUsage },
  calibrate: { run: benchCalibrate, usage: calibrateUsage },
};
const [name = '', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
const usage = bench?.usage ?? `benches: ${Object.keys(benches).join(', ')}; npm run bench -- NAME --help\n${Object.values(benches).map((each) => each.usage).join('\n')}`;
if (name === '--help' || (bench !== undefined && args.includes('--help'))) {
  console.log(usage);
  process.exit(0);
}
if (bench === undefined) {
  console.error(`${name === '' ? 'no bench is named' : `unknown bench "${name}"`}; there are ${Object.keys(benches).join(', ')}\n${usage}`);
  process.exit(2);
}
try {
  await bench.run(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench: ${error.message}\n${usage}`);
  process.exitCode = 2;
}
