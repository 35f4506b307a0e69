import type { SavedTrace } from '../../schemas/messages.ts';
import type { TraceActor } from './trace.ts';
import type { TraceContext, TraceEffect } from './types.ts';

/** Grows with every change of `TraceContext`; each older one needs an upcast and keeps its golden snapshot. */
export const traceVersion = 3;

type Upcast = (context: Record<string, unknown>) => Record<string, unknown>;
const upcasts: Readonly<Record<number, Upcast>> = {
  // Before pins were leases. An answer's accepted step is somewhere before its end: read from there, nothing is missed that counts.
  1: (context) => ({
    ...context, pinnedTier: context['pinnedOn'] === null ? null : 'hbm',
    answers: (context['answers'] as readonly { readonly endedSeq: number }[]).map((answer) => ({ ...answer, acceptedSeq: answer.endedSeq })),
  }),
  // Before a run kept its priority: what is ordered again is ordered as it was until now, before everything else.
  2: (context) => ({
    ...context, run: context['run'] === null ? null : { ...(context['run'] as object), priority: 0 },
    sides: (context['sides'] as readonly object[]).map((side) => ({ ...side, priority: 0 })),
  }),
};

export interface Saved { readonly actor: TraceActor; readonly cursor: number; readonly outbox: readonly TraceEffect[]; readonly epoch: number; readonly saves: number }

export function toSaved(saved: Saved): SavedTrace {
  const { actor } = saved;
  return {
    kind: 'savedTrace', epoch: saved.epoch, saves: saved.saves, cursor: saved.cursor, machine: 'trace', version: traceVersion,
    value: actor.value as SavedTrace['value'], contextJson: JSON.stringify({ ...actor.context, timers: undefined }), outboxJson: JSON.stringify(saved.outbox), timers: actor.context.timers,
  };
}

/** A fault for a machine or version from the future: an older program must not take such a trace over. */
export function fromSaved(record: SavedTrace): Saved | { readonly kind: 'fault'; readonly message: string } {
  if (record.machine !== 'trace') return fault(`machine "${record.machine}" is not known; this program has "trace"`);
  if (record.version > traceVersion) return fault(`trace saved at version ${record.version}; this program reads up to ${traceVersion}`);
  try {
    let context = JSON.parse(record.contextJson) as Record<string, unknown>;
    for (let version = record.version; version < traceVersion; version++) {
      const upcast = upcasts[version];
      if (upcast === undefined) return fault(`no upcast from version ${version}`);
      context = upcast(context);
    }
    const actor: TraceActor = { value: record.value, context: { ...(context as unknown as TraceContext), timers: record.timers } };
    return { actor, cursor: record.cursor, outbox: JSON.parse(record.outboxJson) as TraceEffect[], epoch: record.epoch, saves: record.saves };
  } catch (error) {
    return fault(`saved trace is not readable: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const fault = (message: string) => ({ kind: 'fault', message }) as const;
