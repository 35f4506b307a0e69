import { decodeOrderReply, encodeEvt, encodeInbox, encodeOrder, encodeOut } from '../../schemas/codec.ts';
import type { Decision, Fence, Order, Out, ResultOut, StepEnded } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { partitionOf } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { unreachable } from '../lib/logic.ts';
import { BusFault, type Headers, type Ports } from '../lib/ports.ts';
import type { Segment, TraceEffect, TraceEvent } from '../trace/types.ts';
import type { Prompts } from './prompts.ts';
import { type Wait, waiter } from './wait.ts';

export interface PerformerDeps {
  readonly ports: Ports;
  readonly subjects: Subjects;
  readonly prompts: Prompts;
  /** What an answer costs: accelerator time at the price list. */
  costUsd(ended: StepEnded): number;
  /** W3C traceparent of a trace's root, for every message that concerns it. */
  headersOf(trace: string): Headers;
  onSegment(segment: Segment): void;
  onDecided?(decision: Decision): void;
  onFault(message: string): void;
}

const publishTries = 8;
const readTries = 3;
const orderTries = 3;
/** Orders of one trace that wait for one worker. */
const turnsMax = 64;

/** Performs what traces ask for: one exhaustive switch. Every failure comes back as events of the trace. */
export class Performer {
  readonly #deps: PerformerDeps;
  readonly #wait: Wait;
  readonly #turns = new Map<string, { last: Promise<void>; waiting: number }>();

  constructor(deps: PerformerDeps) {
    this.#deps = deps;
    this.#wait = waiter(deps.ports.clock);
  }

  async perform(trace: string, effect: TraceEffect, id: string, fence: Fence): Promise<readonly TraceEvent[]> {
    const { subjects, ports } = this.#deps;
    switch (effect.kind) {
      case 'orderRun': return this.#orderRun(trace, effect, fence);
      // Not waited for: the trace goes on, on another worker if need be, while this one may be dead.
      case 'order': void this.#inTurn(effect.worker, trace, () => this.#order(effect.worker, { ...effect.order, fence }, orderTries)); return [];
      case 'announce': await this.#publishOut(effect.out, id); return [];
      case 'answer': {
        const ended = await this.#ended(effect.endedSeq);
        if (ended === null) this.#deps.onFault(`the answer of ${effect.step} stands at ${effect.endedSeq} and can not be read now`);
        else await this.#publishOut(this.#resultOf(ended, effect.id), id);
        return [];
      }
      case 'tell': {
        const partition = partitionOf(effect.event.trace);
        if (partition !== null) await this.#publish(subjects.in(partition, effect.event.trace), encodeInbox(effect.event), id, trace, Number.POSITIVE_INFINITY);
        return [];
      }
      case 'evt': {
        if (effect.evt.kind === 'decision') this.#deps.onDecided?.(effect.evt);
        ports.bus.emit(subjects.evt(fence.partition, trace), encodeEvt(effect.evt));
        return [];
      }
      case 'segment': this.#deps.onSegment(effect.segment); return [];
      case 'ask': case 'timerSet': case 'timerClear': return []; // The partition's own.
      default: return unreachable(effect);
    }
  }

  /** Null: several reads did not find it. Who waits for it reads the saved trace then, which names the same entry. */
  async #ended(seq: number): Promise<StepEnded | null> {
    for (let tried = 1; ; tried++) {
      const ended = await this.#deps.prompts.ended(seq);
      if (ended !== null || tried === readTries) return ended;
      await this.#wait(100 * 2 ** tried);
    }
  }

  #resultOf(ended: StepEnded, id: string): ResultOut {
    const { step, attempt, worker, tokens, finish, usage, timing, logprobs } = ended;
    return { kind: 'result', step, id, attempt, worker, tokens, finish, usage, timing, logprobs, costUsd: this.#deps.costUsd(ended) };
  }

  async #orderRun(trace: string, effect: TraceEffect & { readonly kind: 'orderRun' }, fence: Fence): Promise<readonly TraceEvent[]> {
    const { step, attempt, worker } = effect;
    const accepted = await this.#deps.prompts.accepted(effect.acceptedSeq);
    if (accepted === null) return [{ kind: 'orderLost', step, attempt, worker }];
    const order: Order = {
      kind: 'run', trace, step, attempt, lane: effect.lane, tenant: accepted.tenant, model: accepted.model, prompt: accepted.prompt,
      sampling: accepted.sampling, priority: effect.priority, fence,
    };
    const reply = await this.#inTurn(worker, trace, () => this.#order(worker, order, 1));
    if (reply === null) return [{ kind: 'orderLost', step, attempt, worker }];
    if (reply.kind === 'granted') return [];
    // An owner with a newer epoch decides now; what it decides comes from its own saves.
    if (reply.code === 'old_epoch') return [];
    if (reply.code === 'old_attempt') return [{ kind: 'orderLost', step, attempt, worker }];
    return [{ kind: 'orderRefused', step, attempt, worker, code: reply.code, message: reply.message, retry: reply.retry }];
  }

  /** What one worker is told of one trace arrives in the order of the trace's decisions: an unpin never before its pin. */
  #inTurn<T>(worker: string, trace: string, send: () => Promise<T>): Promise<T | null> {
    const key = `${worker} ${trace}`;
    const line = this.#turns.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (line.waiting >= turnsMax) { this.#deps.onFault(`${line.waiting} of ${turnsMax} orders of ${trace} wait for ${worker}; one dropped`); return Promise.resolve(null); }
    const turn = line.last.then(send);
    line.waiting++;
    line.last = turn.then(() => { if (--line.waiting === 0) this.#turns.delete(key); });
    this.#turns.set(key, line);
    return turn;
  }

  async #order(worker: string, order: Order, tries: number) {
    const { ports, subjects } = this.#deps;
    const bytes = encodeOrder(order);
    for (let tried = 0; tried < tries; tried++) {
      const answer = await ports.bus.request(subjects.order(worker), bytes, limits.orderMs, this.#deps.headersOf(order.trace));
      const reply = answer === null ? null : decodeOrderReply(answer);
      if (reply !== null && reply.kind !== 'fault') return reply;
    }
    return null;
  }

  #publishOut(out: Out, id: string): Promise<void> {
    return this.#publish(this.#deps.subjects.out(out.step), encodeOut(out), id, out.step);
  }

  /**
   * Again until it is stored: repeating is harmless within the duplicate window, and what reads it drops repetitions.
   * What is said to a client is given up at last, it reads the saved trace then; what another trace waits for never is.
   */
  async #publish(subject: string, bytes: Uint8Array, id: string, what: string, tries = publishTries): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        await this.#deps.ports.bus.publish(subject, bytes, { id, deadlineMs: limits.publishMs });
        return;
      } catch (fault) {
        if (!(fault instanceof BusFault)) throw fault;
        if (tried >= tries || fault.code === 'closed' || fault.code === 'too_large') { this.#deps.onFault(`${what}: not published on ${subject} after ${tried} tries: ${fault.message}`); return; }
        await this.#wait(100 * 2 ** Math.min(tried, 5));
      }
    }
  }
}
