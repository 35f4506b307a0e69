import { namesOf } from '../../../actors/lib/chain.ts';
import { partitionOf } from '../../../actors/lib/ids.ts';
import type { Ports } from '../../../actors/lib/ports.ts';
import { decodeInbox } from '../../../schemas/codec.ts';
import type { Subjects } from '../../../schemas/subjects.ts';

/** Names of the full blocks of prompt and answer, by step. */
export type Chains = ReadonlyMap<string, readonly string[]>;

const traceMs = 10_000;

/** Out of the inbox log: which blocks each answered step of these traces had. What does not come within its deadline is missing. */
export async function chainsOf(ports: Ports, subjects: Subjects, traces: readonly string[]): Promise<Chains> {
  const chains = new Map<string, readonly string[]>();
  for (const trace of traces) {
    const partition = partitionOf(trace);
    if (partition !== null) await readTrace(ports, subjects.in(partition, trace), chains);
  }
  return chains;
}

async function readTrace(ports: Ports, subject: string, chains: Map<string, readonly string[]>): Promise<void> {
  const last = await ports.bus.getLast('in', subject);
  if (last === null) return;
  await new Promise<void>((resolve) => {
    const reading = ports.bus.readLog('in', subject, 1, ({ seq, bytes }) => {
      const event = decodeInbox(bytes);
      if (event.kind === 'stepEnded') chains.set(event.step, namesOf(event.chain));
      if (seq >= last.seq) end();
    });
    const cancel = ports.clock.alarm(ports.clock.now() + traceMs, end);
    function end(): void { cancel(); reading.stop(); resolve(); }
  });
}
