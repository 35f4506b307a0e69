/**
 * How fast replays are: steps a minute of processor time, of the one thread that replays and of the whole process, which compiles and collects beside it. Not a
 * test: `node infra/replay/replay.bench.ts [POLICY…]` reads the recordings that stand beside the repository, and says so when they are not there.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { blockTokens } from '../../actors/lib/chain.ts';
import { policies } from '../../actors/control/policies/all.ts';
import { readTraces } from '../traces/read.ts';
import { readFleet } from './fleet.ts';
import { Replay } from './replay.ts';
import { tasksOf } from './tasks.ts';

const weka = fileURLToPath(new URL('../../../shared/traces/weka_cc_v8/weka_cc_dev.hashruns.jsonl.gz', import.meta.url));
const names = (process.argv.length > 2 ? process.argv.slice(2) : Object.keys(policies)) as (keyof typeof policies)[];
/** Tasks at once, with a quarter of the memory of h200x8, as the policy bench has it: in regimes `low`, `knee` and `past-5x`. */
const loads = { low: 6, knee: 22, 'past-5x': 111 };

if (!existsSync(weka)) console.log('replay speed: not measured, ../shared/traces is not there');
else {
  const whole = readFleet('h200x8'), { hbm, dram, nvme } = whole.capacity;
  const fleet = { ...whole, capacity: { hbm: Math.floor(hbm / 4), dram: Math.floor(dram / 4), nvme: Math.floor(nvme / 4) } };
  const { tasks } = await tasksOf(readTraces(weka), Math.min(fleet.model.contextLength, fleet.capacity.hbm * blockTokens));
  for (const [load, concurrency] of Object.entries(loads)) {
    for (const name of names) {
      const before = { process: process.cpuUsage(), thread: process.threadCpuUsage() };
      const { steps, jctS } = new Replay(tasks, { fleet, policy: (future) => policies[name].make({}, future), arrivals: { kind: 'closed', concurrency }, seed: 1, humanGapScale: 0 }).run();
      const thread = process.threadCpuUsage(before.thread), all = process.cpuUsage(before.process);
      const aMinute = ({ user, system }: { readonly user: number; readonly system: number }): string => `${Math.round((60e3 * steps) / (user + system))}k`;
      console.log(`${load} ${name}: ${steps} steps; ${aMinute(thread)} a minute of its thread, ${aMinute(all)} of the process; JCT mean ${jctS.mean.toFixed(3)} s; heap ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB`);
    }
  }
}
