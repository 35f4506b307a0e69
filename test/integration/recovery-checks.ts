import { sumBills } from '../../actors/ledger/sum.ts';
import type { Ports, Subscription } from '../../actors/lib/ports.ts';
import { fromSaved } from '../../actors/trace/saved.ts';
import { decodeBill, decodeInbox, decodeOut, decodeSavedTrace } from '../../schemas/codec.ts';
import type { AttemptStarted, Bill, FailedOut, InboxEvent, ResultOut, StepEnded } from '../../schemas/messages.ts';
import { type Reply, parseReply } from '../../schemas/reply.ts';
import { subjects } from '../../schemas/subjects.ts';
import { region } from './fleet.ts';
import type { Told, Work } from './recovery-work.ts';

const names = subjects(region);

/** Reads along, from the beginning: the log, what is announced, the bills, and what gateways say to clients. */
export class Observer {
  readonly log: InboxEvent[] = [];
  readonly results: ResultOut[] = [];
  readonly failures: FailedOut[] = [];
  readonly attempts: AttemptStarted[] = [];
  readonly bills: Bill[] = [];
  /** Deltas of an attempt that had been replaced when they came: what zombies still said. */
  lateDeltas = 0;
  /** By reply subject: one telling of one step, as its gateway sent it. */
  readonly tellings = new Map<string, Reply[]>();
  readonly #ports: Ports;
  readonly #subscriptions: Subscription[];

  constructor(ports: Ports) {
    this.#ports = ports;
    const { bus } = ports;
    this.#subscriptions = [
      bus.readLog('in', `sw.v1.${region}.in.>`, 1, ({ bytes }) => { const event = decodeInbox(bytes); if (event.kind !== 'fault') this.log.push(event); }),
      bus.readLog('out', `sw.v1.${region}.out.>`, 1, ({ bytes }) => {
        const out = decodeOut(bytes);
        if (out.kind === 'result') this.results.push(out);
        if (out.kind === 'failed') this.failures.push(out);
        if (out.kind === 'attemptStarted') this.attempts.push(out);
        if (out.kind === 'delta' && out.attempt < (this.attemptOf(out.step)?.attempt ?? 0)) this.lateDeltas++;
      }),
      bus.readLog('bill', `sw.v1.${region}.bill.>`, 1, ({ bytes }) => { const bill = decodeBill(bytes); if (bill.kind !== 'fault') this.bills.push(bill); }),
      bus.listen('_INBOX.>', ({ subject, bytes }) => this.#onReply(subject, bytes)),
    ];
  }

  stop(): void { for (const subscription of this.#subscriptions) subscription.stop(); }

  /** What gateways said before is checked and done with. */
  forgetTellings(): void { this.tellings.clear(); this.lateDeltas = 0; }

  /** Who has the highest attempt of a step, as announced; null: nobody yet. */
  attemptOf(step: string): AttemptStarted | null {
    return this.attempts.filter((started) => started.step === step).reduce<AttemptStarted | null>((last, started) => (last === null || started.attempt > last.attempt ? started : last), null);
  }

  /** Ends in the log of attempts that were not the answer. */
  lateEnds(work: Work): number {
    const answers = new Map(work.told.map((told) => [told.step, told.result?.attempt]));
    return this.log.filter((event) => event.kind === 'stepEnded' && answers.has(event.step) && answers.get(event.step) !== event.attempt).length;
  }

  /** What is still wrong with what the fleet keeps of these traces; empty when all of it is settled. */
  async unsettled(work: Work): Promise<string[]> {
    const wrong: string[] = [];
    const saved = new Map((await this.#ports.bus.loadLast('state', names.states)).map((entry) => [entry.subject.slice(entry.subject.lastIndexOf('.') + 1), entry]));
    const costs = sumBills(this.bills);
    for (const [trace, steps] of byTrace(work)) {
      const entry = saved.get(trace);
      const record = entry === undefined ? null : decodeSavedTrace(entry.bytes);
      const state = record === null || record.kind === 'fault' ? null : fromSaved(record);
      if (state === null || 'kind' in state) { wrong.push(`${trace} has no readable state`); continue; }
      const { value, context } = state.actor;
      if (value !== 'done' || context.run !== null || context.sides.length + context.children.length + context.timers.length > 0 || context.pinnedOn !== null) {
        wrong.push(`${trace} is ${value}, run ${context.run?.step ?? 'none'}, ${context.sides.length} sides, ${context.children.length} children, ${context.timers.length} timers, pinned on ${context.pinnedOn ?? 'nobody'}; its log ends with ${this.log.filter((event) => event.trace === trace).slice(-3).map((event) => event.kind).join(', ')}`);
      }
      if (context.stepsDone !== steps.length) wrong.push(`${trace} has ${context.stepsDone} steps of ${steps.length}`);
      for (const { step, result } of steps) {
        const answers = context.answers.filter((answer) => answer.step === step);
        if (answers.length !== 1 || answers[0]?.attempt !== result?.attempt) wrong.push(`${step} has the saved answers ${JSON.stringify(answers)}; its client had that of attempt ${result?.attempt}`);
      }
      const prompt = steps.reduce((sum, told) => sum + (told.result?.usage.prompt ?? 0), 0), generated = steps.reduce((sum, told) => sum + (told.result?.usage.generated ?? 0), 0);
      const cost = costs.get(trace);
      if (cost?.steps !== steps.length || cost.usage.prompt !== prompt || cost.usage.generated !== generated) {
        wrong.push(`${trace} is billed ${cost?.steps} steps, ${cost?.usage.prompt} + ${cost?.usage.generated} tokens; it had ${steps.length}, ${prompt} + ${generated}`);
      }
    }
    return wrong;
  }

  /**
   * What must hold at once when the work is done. `mayRepeat`: the server that remembers which announcements it has was
   * killed, so one and the same may stand there twice.
   */
  violations(work: Work, expected: ReadonlyMap<string, string>, mayRepeat: boolean): string[] {
    const wrong: string[] = [];
    for (const told of work.told) {
      const text = expected.get(`${told.agent}/${told.seq}`);
      if (text !== undefined && told.result?.text !== text) wrong.push(`${told.id} says ${JSON.stringify(told.result?.text)}; undisturbed ${JSON.stringify(text)}`);
      wrong.push(...heardWrong(told), ...this.#loggedWrong(told, mayRepeat));
    }
    for (const [subject, telling] of this.tellings) wrong.push(...tellingWrong(subject, telling));
    return wrong;
  }

  #onReply(subject: string, bytes: Uint8Array): void {
    if (bytes[0] !== 0x7b) return; // No JSON, so nothing that a gateway says.
    const reply = parseReply(bytes);
    if (reply.kind === 'fault') return;
    const telling = this.tellings.get(subject);
    if (telling === undefined) this.tellings.set(subject, [reply]);
    else telling.push(reply);
  }

  #loggedWrong(told: Told, mayRepeat: boolean): string[] {
    const wrong: string[] = [];
    const accepted = this.log.filter((event) => event.kind === 'stepAccepted' && event.id === told.id);
    if (accepted.length !== 1) wrong.push(`${told.id} stands ${accepted.length} times in the log`);
    const ended = this.log.filter((event): event is StepEnded => event.kind === 'stepEnded' && event.step === told.step);
    if (new Set(ended.map((event) => event.attempt)).size !== ended.length) wrong.push(`${told.id}: attempts ${ended.map((event) => event.attempt).join(', ')} are reported`);
    if (new Set(ended.filter((event) => event.finish !== 'cancelled').map((event) => event.tokens.join())).size > 1) wrong.push(`${told.id}: its attempts generated different tokens`);
    const announced = this.results.filter((result) => result.step === told.step);
    if (new Set(announced.map((result) => result.attempt)).size > 1 || (!mayRepeat && announced.length !== 1)) wrong.push(`${told.id}: results of attempts ${announced.map((result) => result.attempt).join(', ')} are announced`);
    for (const failure of this.failures) if (failure.step === told.step) wrong.push(`${told.id} was announced to have failed: ${failure.code}, ${failure.message}`);
    const started = this.attempts.filter((event) => event.step === told.step).map((event) => event.attempt);
    if (started.some((attempt, i) => attempt < (started[i - 1] ?? 1))) wrong.push(`${told.id}: attempts are announced in the order ${started.join(', ')}`);
    return wrong;
  }
}

/** One accepted, one end, deltas that follow each other and never go back to an older attempt, and together are the text. */
function heardWrong({ id, heard, result }: Told): string[] {
  const wrong: string[] = [];
  const replies = heard.map(({ reply }) => reply);
  const count = (kind: Reply['kind']): number => replies.filter((reply) => reply.kind === kind).length;
  if (count('accepted') !== 1 || count('result') !== 1 || count('failed') + count('refused') > 0) wrong.push(`${id} heard ${replies.map((reply) => reply.kind).filter((kind) => kind !== 'delta').join(', ')}`);
  let tokens = 0, attempt = 0, text = '';
  for (const delta of replies) {
    if (delta.kind !== 'delta') continue;
    if (delta.offset !== tokens) wrong.push(`${id}: a delta at ${delta.offset} after ${tokens} tokens`);
    if (delta.tokens > 0 && delta.attempt < attempt) wrong.push(`${id}: a delta of attempt ${delta.attempt} after one of ${attempt}`);
    tokens = delta.offset + delta.tokens;
    attempt = Math.max(attempt, delta.attempt);
    text += delta.text;
  }
  if (result !== null && (text !== result.text || result.attempt < attempt)) wrong.push(`${id}: deltas up to attempt ${attempt} say ${JSON.stringify(text)}, the result of attempt ${result.attempt} ${JSON.stringify(result.text)}`);
  return wrong;
}

/** The same of what came from a gateway, before the SDK made one answer of it. `accepted` begins anew: another gateway took the step. */
function tellingWrong(subject: string, telling: readonly Reply[]): string[] {
  const wrong: string[] = [];
  let attempt = 0;
  for (const reply of telling) {
    if (reply.kind === 'accepted') attempt = 0;
    if (reply.kind !== 'delta' && reply.kind !== 'result') continue;
    if (reply.attempt < attempt && (reply.kind === 'result' || reply.tokens > 0)) wrong.push(`${subject}: ${reply.kind} of attempt ${reply.attempt} of ${reply.step} after attempt ${attempt}`);
    attempt = Math.max(attempt, reply.attempt);
  }
  return wrong;
}

export function byTrace(work: Work): Map<string, Told[]> {
  const traces = new Map<string, Told[]>();
  for (const told of work.told) traces.set(told.trace ?? told.id, [...(traces.get(told.trace ?? told.id) ?? []), told]);
  return traces;
}
