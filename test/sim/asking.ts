import { traceOf } from '../../actors/lib/ids.ts';
import { check } from './broken.ts';
import type { Fleet } from './fleet.ts';
import type { GatewayAnswer } from './gateway.ts';
import type { Random } from './random.ts';
import { expectedOf, type SimStep } from './words.ts';

export type AskEnd =
  | { readonly kind: 'result'; readonly tokens: readonly number[]; readonly isCancelled: boolean }
  | { readonly kind: 'failed' | 'refused'; readonly code: string; readonly expected: number | null };

/** Reasons that may differ between two who ask for the same step: they say that nothing is known, not what was answered. */
const unknowing = new Set(['no_answer', 'not_answered', 'deadline']);

/**
 * A client that wants one step and asks under its id until it has an end: again when its gateway dies, again when it
 * dies itself. Every answer on the way is held against what the model says.
 */
export class Asking {
  readonly end: Promise<AskEnd>;
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #step: SimStep;
  #name: string | null = null;
  #isEnded = false;

  constructor(fleet: Fleet, random: Random, step: SimStep) {
    this.#fleet = fleet;
    this.#random = random;
    this.#step = step;
    fleet.watch.steps.set(`${step.tenant}/${step.id}`, step);
    fleet.asking.set(this, `${step.tenant}/${step.id}`);
    this.end = this.#run();
  }

  get trace(): string | null { return this.#name === null ? null : traceOf(this.#name); }
  get step(): SimStep { return this.#step; }
  get name(): string | null { return this.#name; }

  async cancelSoon(afterMs: number): Promise<void> {
    await this.#wait(afterMs);
    const seat = this.#fleet.liveGateways.at(0);
    const name = this.#name;
    if (name === null || seat === undefined || this.#isEnded) return;
    this.#fleet.cancelled.add(name);
    seat.process.enter('cancel', () => { void seat.gateway.cancel(traceOf(name), name); });
  }

  async #run(): Promise<AskEnd> {
    for (;;) {
      const seat = this.#fleet.liveGateways.length === 0 ? null : this.#random.pick(this.#fleet.liveGateways);
      if (seat === null) { await this.#wait(200); continue; }
      if (this.#random.chance(0.03)) void this.#once(seat); // The same id in two places at once.
      const end = await this.#once(seat);
      if (end === null) { await this.#wait(50 + this.#random.fraction() * 1_000); continue; }
      this.#isEnded = true;
      this.#fleet.asking.delete(this);
      return end;
    }
  }

  /** Null: the connection is lost, by either end, or the fleet says to come again. */
  #once(seat: Fleet['liveGateways'][number]): Promise<AskEnd | null> {
    const view = new View(this.#fleet, this.#step);
    return new Promise((settle) => {
      seat.process.onCrash(() => this.#fleet.world.after(5, 'connection lost', () => settle(null)));
      if (this.#random.chance(0.04)) this.#fleet.world.after(this.#random.fraction() * 3_000, 'client dies', () => settle(null));
      this.#fleet.world.after(1, `${this.#step.id} asks ${seat.process.name}`, () => seat.process.enter('submit', () => {
        seat.gateway.submit(this.#step, (answer) => {
          if (answer.kind === 'accepted') this.#name = answer.step;
          if (answer.kind === 'deferred') { this.#fleet.world.after(Math.min(answer.retryAfterMs, 1_000), 'comes again', () => settle(null)); return; }
          const end = view.on(answer);
          if (end !== null) settle(end);
        }).catch((error: unknown) => this.#fleet.world.fail(error));
      }));
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((done) => { this.#fleet.world.after(ms, `${this.#step.id} waits`, done); });
  }
}

/** What one connection saw of the answer. */
class View {
  readonly #fleet: Fleet;
  readonly #step: SimStep;
  readonly #tokens: number[] = [];
  readonly #askedAtMs: number;
  #name = '';
  #attempt = 0;
  #isOver = false;

  constructor(fleet: Fleet, step: SimStep) {
    this.#fleet = fleet;
    this.#step = step;
    this.#askedAtMs = fleet.world.now;
  }

  on(answer: Exclude<GatewayAnswer, { kind: 'deferred' }>): AskEnd | null {
    const { id, tenant } = this.#step;
    check(!this.#isOver, 'one end for a client', `${id} was told ${answer.kind} after its end`);
    if (answer.kind === 'refused') { this.#isOver = true; return { kind: 'refused', code: answer.code, expected: answer.code.startsWith('seq_') ? answer.limit : null }; }
    if (answer.kind === 'accepted') { this.#onAccepted(answer); return null; }
    const { effect, attempt } = answer;
    switch (effect.kind) {
      case 'deliver': {
        check(effect.offset === this.#tokens.length, 'text has no holes', `${this.#name}: offset ${effect.offset} after ${this.#tokens.length} tokens`);
        check(attempt >= this.#attempt, 'no text of an older attempt', `${this.#name}: attempt ${attempt} after ${this.#attempt}`);
        this.#attempt = attempt;
        this.#tokens.push(...effect.tokens);
        const expected = expectedOf(this.#step, this.#fleet.watch.contextLength - this.#step.tokens.length).tokens;
        check(this.#tokens.every((token, i) => token === expected[i]), 'text is what the model says', `${this.#name} for ${tenant}/${id}: [${this.#tokens}] instead of [${expected}]`);
        const names = [...this.#fleet.watch.namesOf(tenant, id)];
        const ended = names.some((name) => this.#fleet.watch.ended.get(name)?.has(attempt) === true);
        const said = Math.max(0, ...names.map((name) => this.#fleet.watch.said.get(`${name}/${attempt}`) ?? 0));
        check(ended || this.#tokens.length <= said, 'no text of an older attempt', `${this.#name}: ${this.#tokens.length} tokens delivered, attempt ${attempt} has said ${said}`);
        return null;
      }
      case 'diverged': check(false, 'attempts say the same', `${this.#name}: attempt ${effect.attempt} differs at ${effect.offset}`); return null;
      case 'finish': {
        this.#isOver = true;
        const isCancelled = effect.result.finish === 'cancelled';
        check(!isCancelled || this.#fleet.cancelled.has(this.#name), 'cancelled only when asked', `${this.#name} ended cancelled`);
        const tokens = [...effect.result.tokens];
        check(String(tokens) === String(this.#tokens), 'the text is the answer', `${this.#name}: [${this.#tokens}] delivered, [${tokens}] answered`);
        check(!this.#step.isWrong, 'no wrong seq is answered', `${this.#name} with seq ${this.#step.seq}`);
        // Its own name for the step, if it asked before under another: the id is what counts.
        check(this.#fleet.watch.ended.get(effect.result.step)?.has(effect.result.attempt) === true, 'answered means executed', `${effect.result.step} attempt ${effect.result.attempt} never ended`);
        const key = `${tenant}/${id}`;
        if (!isCancelled) this.#fleet.answered.set(key, this.#name);
        return { kind: 'result', tokens, isCancelled };
      }
      case 'fail': {
        this.#isOver = true;
        const { code, limit } = effect.failure;
        const { healedAtMs, world, endedAtMs } = this.#fleet;
        const isHealed = healedAtMs !== null && world.now - healedAtMs > 40_000;
        check(!isHealed || this.#step.deadlineMs < 60_000 || (code !== 'deadline' && code !== 'no_answer'), 'a minute without faults is enough', `${this.#name} for ${id} failed with ${code}: ${effect.failure.message}`);
        const isWanted = !this.#fleet.cancelled.has(this.#name) && !((endedAtMs.get(traceOf(this.#name)) ?? 0) > this.#askedAtMs);
        check(code !== 'cancelled' || !isWanted, 'cancelled only when asked', `${this.#name} for ${id} failed: ${effect.failure.message}`);
        const before = this.#fleet.answered.get(`${tenant}/${id}`);
        check(before !== this.#name || unknowing.has(code) && this.#fleet.healedAtMs === null, 'the same answer for the same id', `${this.#name} failed with ${code} after it was answered`);
        return { kind: 'failed', code, expected: code.startsWith('seq_') ? limit : null };
      }
    }
  }

  #onAccepted(answer: Extract<GatewayAnswer, { kind: 'accepted' }>): void {
    this.#name = answer.step;
    if (this.#step.seq !== null && !this.#step.isWrong) check(answer.step === `${this.#step.trace}/${this.#step.seq}`, 'a given seq is the step', `${answer.step} for ${this.#step.trace} seq ${this.#step.seq}`);
  }
}
