/**
 * How fast replays are: steps a minute of processor time, and the heap, for some policies at two loads. Not a test: `node infra/replay/replay.bench.ts [POLICY…]`
 * reads the recordings that stand beside the repository, and says so when they are not there.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { policies } from '../../actors/control/policies/all.ts';
import { readTraces } from '../traces/read.ts';
import { readFleet } from './fleet.ts';
import { Replay } from './replay.ts';
import { tasksOf } from './tasks.ts';

const weka = fileURLToPath(new URL('../../../shared/traces/weka_cc_v8/weka_cc_dev.hashruns.jsonl.gz', import.meta.url));
const names = process.argv.length > 2 ? process.argv.slice(2) : ['round-robin-lru', 'slackwater', 'exact-prefix'];

if (!existsSync(weka)) console.log('replay speed: not measured, ../shared/traces is not there');
else {
  const fleet = readFleet('h200x8');
  const { tasks } = await tasksOf(readTraces(weka), fleet.model.contextLength);
  for (const concurrency of [40, 200]) {
    for (const name of names) {
      const { make } = policies[name as keyof typeof policies];
      const before = process.cpuUsage();
      const { steps, jctS } = new Replay(tasks, { fleet, policy: (future) => make({}, future), arrivals: { kind: 'closed', concurrency }, seed: 1 }).run();
      const { user, system } = process.cpuUsage(before), cpuS = (user + system) / 1e6;
      console.log(`${name} at ${concurrency}: ${steps} steps in ${cpuS.toFixed(1)} s of processor time, ${Math.round((60 * steps) / cpuS / 1000)}k a minute; JCT mean ${jctS.mean.toFixed(3)} s; heap ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB`);
    }
  }
}
