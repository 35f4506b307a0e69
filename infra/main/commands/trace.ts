import { partitionOf } from '../../../actors/lib/ids.ts';
import type { TraceActor } from '../../../actors/trace/trace.ts';
import { fromSaved } from '../../../actors/trace/saved.ts';
import { decodeEvt, decodeSavedTrace } from '../../../schemas/codec.ts';
import type { Evt } from '../../../schemas/messages.ts';
import { decisionJson } from '../../../schemas/report.ts';
import { subjects } from '../../../schemas/subjects.ts';
import type { Config } from '../../config.ts';
import { exitCodes } from '../exit-codes.ts';
import { messageJson, printLine, table, untilStopped, withReader } from './reader.ts';

export async function traceLs(config: Config, isJson: boolean): Promise<number> {
  const entries = await withReader(config, 'trace-ls', 'fleet', ({ ports }) => ports.bus.loadLast('state', subjects(config.region).states));
  const actors = entries.filter((entry) => !entry.subject.endsWith('._checkpoint')).map((entry) => readActor(entry.bytes)).filter((actor) => actor !== null);
  actors.sort((a, b) => a.context.startedAtMs - b.context.startedAtMs);
  if (isJson) for (const actor of actors) printLine(JSON.stringify(summary(actor)));
  else printLine(table(['trace', 'parent', 'state', 'outcome', 'step', 'worker', 'tokens', 'hit', 'recalled', 'computed', 'generated'], actors.map((actor) => {
    const { context, value } = actor;
    const { usage } = context;
    return [context.trace, context.parent ?? '', value, context.outcome ?? '', context.seq, context.run?.worker ?? context.worker ?? '', context.tokens, usage.hit, usage.recalled, usage.computed, usage.generated];
  })));
  return 0;
}

export async function traceShow(config: Config, id: string, isJson: boolean): Promise<number> {
  const partition = partitionOf(id);
  if (partition === null) { process.stderr.write(`slackwater: "${id}" is not a trace id: tr_ and two digits of partition come first\n`); return exitCodes.notFound; }
  const entry = await withReader(config, 'trace-show', 'fleet', ({ ports }) => ports.bus.getLast('state', subjects(config.region).state(partition, id)));
  const actor = entry === null ? null : readActor(entry.bytes);
  if (actor === null) { process.stderr.write(`slackwater: no trace ${id} in region ${config.region}\n`); return exitCodes.notFound; }
  const decisions = actor.context.decisions.map((decision) => decisionJson(decision, actor.context.startedAtMs));
  if (isJson) { printLine(JSON.stringify({ ...summary(actor), decisions })); return 0; }
  for (const [name, value] of Object.entries(summary(actor))) printLine(`${name.padEnd(16)}${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  printLine(`\nthe last ${decisions.length} decisions`);
  for (const { at_ms, step, what, choice, why, alternatives, outcome } of decisions) {
    const others = alternatives.filter((other) => other.choice !== choice).map((other) => `${other.choice} ${other.score}`).join(', ');
    printLine(`  ${(at_ms / 1000).toFixed(2).padStart(8)} s  step ${String(step ?? '-').padEnd(4)} ${what.padEnd(7)} ${choice.padEnd(18)} ${why}${others === '' ? '' : `; otherwise ${others}`}${outcome === null ? '' : `; first token after ${Math.round(outcome.first_token_ms)} ms, promised ${Math.round(outcome.promised_ms)}`}`);
  }
  return 0;
}

/** Prints transitions and decisions until it is stopped. */
export async function traceWatch(config: Config, id: string | null, isJson: boolean): Promise<number> {
  if (id !== null && partitionOf(id) === null) { process.stderr.write(`slackwater: "${id}" is not a trace id\n`); return exitCodes.notFound; }
  return withReader(config, 'trace-watch', 'fleet', async (reader) => {
    reader.ports.bus.listen(subjects(config.region).evts, (message) => {
      const evt = decodeEvt(message.bytes);
      if (evt.kind === 'fault' || (id !== null && evt.trace !== id)) return;
      printLine(isJson ? messageJson(evt) : lineOf(evt));
    });
    await untilStopped(reader);
    return 0;
  });
}

function lineOf(evt: Evt): string {
  const time = new Date(evt.atMs).toISOString().slice(11, 23);
  if (evt.kind === 'decision') return `${time}  ${evt.trace}  ${evt.what.padEnd(8)} ${evt.choice}: ${evt.why}`;
  const { usage } = evt;
  return `${time}  ${evt.trace}  ${evt.from} → ${evt.to}${evt.outcome === null ? '' : ` (${evt.outcome})`}  step ${evt.seq}  ${evt.worker}  hit ${usage.hit}, recalled ${usage.recalled}, computed ${usage.computed}`;
}

function readActor(bytes: Uint8Array): TraceActor | null {
  const record = decodeSavedTrace(bytes);
  const saved = record.kind === 'fault' ? record : fromSaved(record);
  return 'kind' in saved ? null : saved.actor;
}

function summary({ value, context }: TraceActor) {
  const { trace, parent, tenant, model, outcome, seq, worker, tokens, children, stepsDone, attainedMs, usage, startedAtMs, run, pinnedOn } = context;
  return {
    trace, parent, tenant, model, state: value, outcome, step: seq, steps_done: stepsDone, worker: run?.worker ?? worker, attempt: run?.attempt ?? null, tokens, children, pinned_on: pinnedOn,
    started_at: new Date(startedAtMs).toISOString(), prompt_tokens: { hit: usage.hit, recalled: usage.recalled, computed: usage.computed }, generated_tokens: usage.generated, accelerator_s: attainedMs / 1000,
  };
}
