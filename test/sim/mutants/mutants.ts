/** A planted bug: one place of one production file, written otherwise while it is loaded. */
export interface Mutant {
  readonly name: string;
  /** Relative to the repository. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What breaks, in a few words. */
  readonly breaks: string;
}

/** Each must be found within 200 seeds; `docs/mutants.md` says by which, and by what. */
export const mutants: readonly Mutant[] = [
  { name: 'save-without-compare-and-set', file: 'actors/host/partition.ts', find: '{ expectLast: slot.revision, deadlineMs: saveMs }', replace: '{ deadlineMs: saveMs }', breaks: 'an owner that was replaced overwrites its successor\'s saves' },
  { name: 'settle-takes-any-save', file: 'actors/host/partition.ts', find: 'entry !== null && isSame(entry.bytes, bytes)', replace: 'entry !== null', breaks: 'whatever is stored is taken for the own save whose answer got lost' },
  { name: 'outbox-not-repeated', file: 'actors/host/partition.ts', find: 'if (seq === -1 && slot.saved !== null) await this.#perform(slot, slot.saved.outbox, slot.saved.saves);', replace: '', breaks: 'effects that were saved and not performed before a crash are lost' },
  { name: 'cursor-not-checked', file: 'actors/host/partition.ts', find: 'slot.saved !== null && seq > 0 && seq <= cursor', replace: 'false && slot.saved !== null', breaks: 'an entry that is replayed is applied twice' },
  { name: 'effects-before-save', file: 'actors/host/partition.ts', find: 'if (!(await this.#save(slot, saved))) return false;', replace: 'await this.#perform(slot, effects, saved.saves); if (!(await this.#save(slot, saved))) return false;', breaks: 'what a replaced owner decided happens, and nobody remembers it' },
  { name: 'timers-not-armed-again', file: 'actors/host/partition.ts', find: 'for (const timer of saved.actor.context.timers) this.#arm(slot, timer);', replace: '', breaks: 'deadlines die with the conductor that set them' },
  { name: 'outbox-kept-for-ever', file: 'actors/host/partition.ts', find: 'if (isOver(slot) && slot.mailbox.length === 0) await this.#clearOutbox(slot);', replace: '', breaks: 'every owner repeats the last effects of every trace that ever was' },
  { name: 'checkpoint-ahead', file: 'actors/host/checkpoint.ts', find: 'first === undefined ? this.#lastSeq : first - 1', replace: 'this.#lastSeq', breaks: 'entries that were read and not applied are skipped by the next owner' },
  { name: 'attempt-not-checked', file: 'actors/trace/runs.ts', find: "run !== null && run.phase === 'ordered' && run.attempt === event.attempt ? run : null", replace: "run !== null && run.phase === 'ordered' ? run : null", breaks: 'a report of a replaced attempt ends its successor' },
  { name: 'attempt-not-grown', file: 'actors/trace/runs.ts', find: 'attempt: run.attempt + 1, worker: decided.worker', replace: 'attempt: Math.max(1, run.attempt), worker: decided.worker', breaks: 'two workers run the same attempt' },
  { name: 'unpin-forgotten', file: 'actors/trace/trace.machine.ts', find: 'effects: [...next.effects, unpin]', replace: 'effects: next.effects', breaks: 'a parent stays pinned after its last child' },
  { name: 'waiting-not-remade', file: 'actors/trace/runs.ts', find: "(run.phase === 'waiting' ? ask(context, run) : orderRun(run))", replace: 'orderRun(run)', breaks: 'a step that waited for a worker waits for ever after a takeover' },
  { name: 'worker-lost-untold', file: 'actors/host/conductor.ts', find: 'for (const { partition } of this.#owned.values()) partition.workerLost(effect.worker);', replace: '', breaks: 'steps of a dead worker wait for their deadline' },
  { name: 'epoch-not-fenced', file: 'actors/worker/checks.ts', find: 'if (epoch < highest)', replace: 'if (epoch < 0)', breaks: 'an owner that was replaced still gives orders' },
  { name: 'highest-attempt-forgotten', file: 'actors/worker/worker.ts', find: 'if (order.attempt < highest || (order.attempt === known?.attempt && known.isCancelled)) {', replace: 'if (false) {', breaks: 'a late order of an older or a cancelled attempt is run' },
  { name: 'reservation-not-released', file: 'actors/worker/runs.ts', find: 'release(state.reservation, run.hold);', replace: '', breaks: 'a worker fills up with what ended long ago' },
  { name: 'pinned-stays-promised', file: 'actors/worker/reservation.ts', find: 'for (const name of reservation.pinned) remove(reservation, name);', replace: '', breaks: 'blocks that were pinned once are promised for ever' },
  { name: 'report-not-retried', file: 'actors/host/worker-reports.ts', find: 'return this.#again(id, report, fault, headers);', replace: 'this.#pending.delete(id); return;', breaks: 'an answer is lost when the bus is away for a moment' },
  { name: 'old-deltas-forwarded', file: 'actors/reply/reply.ts', find: 'if (delta.attempt < state.attempt) return;', replace: '', breaks: 'a client hears an attempt that was replaced' },
  { name: 'id-not-checked', file: 'actors/host/follow.ts', find: "if (message.kind !== 'delta' && message.id !== this.#id) return;", replace: '', breaks: 'a client is told what became of somebody else\'s step' },
  { name: 'saved-answer-not-read', file: 'actors/host/follow.ts', find: 'if (clock.now() - this.#heardAtMs >= quietMs) void this.#readSaved();', replace: '', breaks: 'an announcement that was lost is an answer that was lost' },
  { name: 'ledger-counts-replays', file: 'actors/ledger/ledger.ts', find: '  if (isReplay) return;\n', replace: '', breaks: 'a new owner bills again what its predecessor billed' },
  { name: 'ledger-not-caught-up', file: 'actors/host/partition.ts', find: 'this.#read(Math.min(from, cursorMax + 1, open));', replace: 'this.#read(from);', breaks: 'a new owner does not bill what its predecessor applied and did not bill' },
  { name: 'idle-with-side-calls', file: 'actors/trace/trace.machine.ts', find: " && context.sides.length === 0,", replace: ',', breaks: 'the idle limit cancels a side call that is under way' },
  { name: 'bills-without-compare-and-set', file: 'actors/host/bills.ts', find: '{ expectLast: this.#revision }', replace: '{}', breaks: 'two owners bill the same entries' },
  { name: 'announced-once', file: 'actors/host/performer.ts', find: 'const publishTries = 8;', replace: 'const publishTries = 1;', breaks: 'what is announced is lost when the bus is away for a moment' },
  { name: 'side-first-lost', file: 'actors/trace/trace.machine.ts', find: ", { guard: 'isNewSide', target: 'toolGap', actions: 'start' }", replace: '', breaks: 'a side call that overtakes its trace\'s first step is lost' },
  { name: 'superseded-unreported', file: 'actors/worker/runs.ts', find: "run.stopping === 'superseded' ? null : findEngineFailure(run, event);", replace: "findEngineFailure(run, event);\n  if (run.stopping === 'superseded') return;", breaks: 'what a replaced attempt took is in no bill' },
  { name: 'failed-not-billed', file: 'actors/ledger/ledger.ts', find: "else if (event.kind === 'stepFailed') onFailed(state, event, isReplay, prices);", replace: '', breaks: 'what a failed attempt took is in no bill' },
];
