import { hash32, traceId } from '../../actors/lib/ids.ts';
import { limits } from '../../actors/lib/limits.ts';
import type { StepClass } from '../../schemas/messages.ts';
import type { Fleet } from './fleet.ts';
import { Asking } from './asking.ts';
import type { Random } from './random.ts';
import { type SimMessage, type SimStep, speak, tokensOf } from './words.ts';

export interface AgentPlan {
  readonly name: string;
  readonly tenant: string;
  /** none: nothing but messages; trace: its trace's name; seq: also which step it is. */
  readonly says: 'none' | 'trace' | 'seq';
  readonly parent: string | null;
  readonly history: readonly SimMessage[];
  readonly steps: number;
  readonly depth: number;
}

export interface AgentStats { steps: number; answered: number; failed: number; refused: number }

/** One agent run as a harness would do it: ask, wait for a tool, ask again with everything so far; with children, side calls, mistakes and second thoughts. */
export class Agent {
  readonly plan: AgentPlan;
  readonly trace: string | null;
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly stats: AgentStats;
  #asked = 0;
  #seen: string | null = null;

  constructor(fleet: Fleet, random: Random, plan: AgentPlan, stats: AgentStats) {
    this.#fleet = fleet;
    this.#random = random;
    this.plan = plan;
    this.stats = stats;
    this.trace = plan.says === 'none' ? null : traceId(hash32(plan.name) % limits.partitions, plan.name);
  }

  async run(): Promise<void> {
    const random = this.#random;
    let history: SimMessage[] = [...this.plan.history];
    let seq = 0;
    for (let step = 1; step <= this.plan.steps; step++) {
      const asked = this.#step(history, seq + 1);
      if (asked === null) break; // The conversation ends before the context does.
      if (step === 1 && this.trace !== null && random.chance(0.3)) this.#behind.push(this.#title(history));
      const answer = await this.#answered(asked, (expected) => { seq = expected - 1; });
      if (answer === null) break;
      seq++;
      history = [...history, { role: 'assistant', tokens: answer }];
      const extras: Promise<unknown>[] = [];
      if (random.chance(0.12)) extras.push(this.#ask({ ...asked }, random.pick([0, 300, 4_000])));
      if (random.chance(0.15)) extras.push(this.#sideCall(history));
      if (random.chance(0.1) && this.plan.says === 'seq') extras.push(this.#wrongSeq(history, seq));
      if (this.plan.depth < 2 && this.trace !== null && random.chance(0.25)) {
        const children = this.#children(history);
        if (random.chance(0.8)) await children;
        else extras.push(children);
        history = [...history, speak(random, 'tool', random.between(5, 30))];
      } else {
        await this.#wait(random.pick([0, 20, 300, 2_000, 7_000]) * (0.5 + random.fraction()));
        history = [...history, speak(random, 'tool', random.between(5, 90))];
      }
      if (step < this.plan.steps && random.chance(0.08)) await this.#end(); // And yet there is another step.
      if (random.chance(0.3)) await Promise.all(extras);
      else for (const extra of extras) this.#behind.push(extra);
    }
    await Promise.all(this.#behind);
    if (random.chance(0.6)) await this.#end();
  }

  readonly #behind: Promise<unknown>[] = [];

  #step(history: readonly SimMessage[], seq: number, more: Partial<SimStep> = {}): SimStep | null {
    const { tenant, name, says, parent } = this.plan;
    const tokens = tokensOf(history);
    const maxTokens = this.#random.chance(0.2) ? this.#random.between(30, 100) : this.#random.between(1, 24);
    const isOverlong = tokens.length + maxTokens + 64 > this.#fleet.plan.engine.contextLength;
    if (isOverlong) return null;
    return {
      id: `${name}-${++this.#asked}`, tenant, trace: this.trace, parent: parent !== null && this.#asked === 1 ? parent : null, seq: says === 'seq' ? seq : null, messages: history, tokens, maxTokens,
      deadlineMs: this.#random.chance(0.06) ? this.#random.between(50, 3_000) : 60_000, class: this.#random.pick<StepClass>(['agent', 'agent', 'interactive', 'background']), isWrong: false, ...more,
    };
  }

  /** The answer, after as many tries as it takes; null: this agent gives up. */
  async #answered(first: SimStep, onExpected: (seq: number) => void): Promise<readonly number[] | null> {
    let step: SimStep = first;
    for (let tried = 0; tried < 6; tried++) {
      const isCancelled = this.#random.chance(0.05);
      const asking = new Asking(this.#fleet, this.#random, step);
      if (isCancelled) void asking.cancelSoon(this.#random.fraction() * 600);
      const end = await asking.end;
      this.#seen = asking.trace ?? this.#seen;
      this.stats.steps++;
      if (end.kind === 'result' && !end.isCancelled) { this.stats.answered++; if (step.seq !== null) onExpected(step.seq); return end.tokens; }
      this.stats[end.kind === 'refused' ? 'refused' : 'failed']++;
      await this.#wait(100 + this.#random.fraction() * 1_500);
      // The place may be taken by the try that failed: whoever numbers steps goes on with what the fleet says it expects, or the next.
      const seq = step.seq === null ? null : end.kind !== 'result' && end.expected !== null ? end.expected : step.seq + (end.kind === 'refused' ? 0 : 1);
      step = { ...step, id: `${this.plan.name}-${++this.#asked}`, seq, deadlineMs: 60_000 };
    }
    return null;
  }

  async #ask(step: SimStep, afterMs = 0): Promise<void> {
    await this.#wait(afterMs);
    await new Asking(this.#fleet, this.#random, step).end;
    this.stats.steps++;
  }

  /** A title, a summary: the same history with another question, answered and forgotten. */
  async #sideCall(history: readonly SimMessage[]): Promise<void> {
    const step = this.#step([...history.slice(0, -1), speak(this.#random, 'user', 12)], 1, { seq: null });
    if (step !== null) await this.#ask(step);
  }

  /** Asked at the same time as the first step, and smaller: it may be in the log before that. */
  async #title(history: readonly SimMessage[]): Promise<void> {
    const step = this.#step([...history.slice(0, 1), speak(this.#random, 'user', 12)], 1, { seq: null, parent: null });
    if (step !== null) await this.#ask(step, this.#random.fraction() * 20);
  }

  async #wrongSeq(history: readonly SimMessage[], seq: number): Promise<void> {
    const wrong = this.#random.chance(0.5) ? seq + 1 + this.#random.between(3, 9) : this.#random.between(1, seq);
    const step = this.#step([...history, speak(this.#random, 'user', 5)], wrong, { isWrong: true });
    if (step !== null) await this.#ask(step);
  }

  async #children(history: readonly SimMessage[]): Promise<void> {
    const count = this.#random.between(1, 3);
    const at = this.#asked;
    await Promise.all(Array.from({ length: count }, async (_, i) => {
      await this.#wait(this.#random.fraction() * 200);
      const child = new Agent(this.#fleet, this.#random.fork(), {
        name: `${this.plan.name}x${at}-${i + 1}`, tenant: this.plan.tenant, says: this.#random.pick(['trace', 'seq']), parent: this.trace,
        history: [...(this.#random.chance(0.7) ? history : history.slice(0, 1)), speak(this.#random, 'user', this.#random.between(5, 40))], steps: this.#random.between(1, 2), depth: this.plan.depth + 1,
      }, this.stats);
      await child.run();
    }));
  }

  async #end(): Promise<void> {
    const trace = this.trace ?? this.#seen;
    if (trace === null) return;
    for (let tried = 0; tried < 20; tried++) {
      this.#fleet.endedAtMs.set(trace, this.#fleet.world.now + 8_000); // It may be late, and be said again.
      const seat = this.#fleet.liveGateways.at(0);
      if (seat !== undefined) {
        const told = await new Promise<boolean>((done) => {
          seat.process.onCrash(() => done(false));
          seat.process.enter('end', () => { seat.gateway.end(trace).then(done, () => done(false)); });
        });
        if (told) return;
      }
      await this.#wait(500);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((done) => { this.#fleet.world.after(ms, `${this.plan.name} waits`, done); });
  }
}
