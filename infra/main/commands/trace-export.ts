import { randomBytes } from 'node:crypto';
import { Prompts } from '../../../actors/host/prompts.ts';
import { partitionOf } from '../../../actors/lib/ids.ts';
import type { LogEntry, Ports } from '../../../actors/lib/ports.ts';
import { decodeInbox } from '../../../schemas/codec.ts';
import type { BlockChain } from '../../../schemas/messages.ts';
import { replayLine } from '../../../schemas/replay-trace.ts';
import { type Subjects, subjects } from '../../../schemas/subjects.ts';
import type { Config } from '../../config.ts';
import { exportTraces, type LoggedTrace } from '../../traces/export.ts';
import { exitCodes } from '../exit-codes.ts';
import { StartError } from '../role.ts';
import { withReader } from './reader.ts';
import { tellCounts } from './trace-files.ts';

const readMs = 30_000;
const tracesMax = 20_000;
/** Logs that are read at the same time. */
const atOnceMax = 16;

/** The normal form of a trace and its children on stdout, as long as the inbox log remembers them. `salt` null: a random one. */
export async function traceExport(config: Config, id: string, salt: string | null): Promise<number> {
  if (partitionOf(id) === null) { process.stderr.write(`slackwater: "${id}" is not a trace id: tr_ and two digits of partition come first\n`); return exitCodes.notFound; }
  const logs = await withReader(config, 'trace-export', 'fleet', ({ ports }) => readFamily(ports, subjects(config.region), id));
  const exported = exportTraces(logs, salt ?? randomBytes(32).toString('hex'), salt !== null);
  if (exported.traces[0] === undefined) { process.stderr.write(`slackwater: the log of region ${config.region} has no answered step of ${id}\n`); return exitCodes.notFound; }
  for (const trace of exported.traces) process.stdout.write(replayLine(trace));
  tellCounts(exported);
  return exitCodes.ok;
}

/** Parents first. */
async function readFamily(ports: Ports, names: Subjects, root: string): Promise<LoggedTrace[]> {
  const prompts = new Prompts(ports, names);
  const logs: LoggedTrace[] = [];
  const wanted = [root], seen = new Set(wanted);
  while (wanted.length > 0) {
    for (const log of await Promise.all(wanted.splice(0, atOnceMax).map((id) => readLog(ports, names, prompts, id)))) {
      logs.push(log);
      for (const { event } of log.events) {
        if (event.kind !== 'childStarted' || seen.has(event.child)) continue;
        if (seen.size >= tracesMax) throw new StartError(`${root} has more than ${tracesMax} traces that grew from it`, false);
        seen.add(event.child);
        wanted.push(event.child);
      }
    }
  }
  return logs;
}

async function readLog(ports: Ports, names: Subjects, prompts: Prompts, id: string): Promise<LoggedTrace> {
  const partition = partitionOf(id);
  const entries = partition === null ? [] : await entriesOf(ports, names.in(partition, id));
  const chains = new Map<string, BlockChain>();
  const events: LoggedTrace['events'][number][] = [];
  for (const { bytes, atMs } of entries) {
    const event = decodeInbox(bytes);
    if (event.kind === 'fault') continue;
    events.push({ event, atMs });
    if (event.kind === 'stepAccepted') chains.set(event.step, await prompts.chainOf(event.prompt, event.tenant));
  }
  return { trace: id, events, chains };
}

/** Up to the entry that is the last one now. */
async function entriesOf(ports: Ports, subject: string): Promise<LogEntry[]> {
  const last = await ports.bus.getLast('in', subject);
  if (last === null) return [];
  const entries: LogEntry[] = [];
  await new Promise<void>((resolve, reject) => {
    const reading = ports.bus.readLog('in', subject, 1, (entry) => {
      if (entry.seq <= last.seq) entries.push(entry);
      if (entry.seq >= last.seq) end(null);
    });
    const cancel = ports.clock.alarm(ports.clock.now() + readMs, () => end(new StartError(`the log of ${subject} was not read within ${readMs / 1_000} s; ${entries.length} entries came`, true)));
    function end(error: Error | null): void {
      cancel();
      reading.stop();
      if (error === null) resolve(); else reject(error);
    }
  });
  return entries;
}
