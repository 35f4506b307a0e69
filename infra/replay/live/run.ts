import type { ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';
import type { Reply, Result } from '../../../schemas/reply.ts';
import type { Client, Step } from '../../client/index.ts';
import type { Layout } from './layout.ts';
import { Script, type Turn } from './script.ts';
import { type LiveTask, LiveTrace } from './trace.ts';
import { exponential } from '../random.ts';
import type { Arrivals } from '../replay.ts';
import type { Task } from '../tasks.ts';

/** What is done, the same under every policy. */
export interface LiveWork {
  /** In the order in which they come. */
  readonly tasks: readonly Task[];
  readonly arrivals: Arrivals;
  /** For arrivals: where the draw of the order has left off. */
  readonly draw: () => number;
  /** Of tokens, and of gaps between steps. */
  readonly scale: number;
  readonly timeScale: number;
  readonly layout: Layout;
  readonly model: string;
}

interface Above { readonly trace: LiveTrace; readonly script: Script }

/** One step, from its submission to its answer: with all its waiting. */
const stepDeadlineMs = 600_000;

/** The answer is a function of its prompt: another run, another worker, the same words. */
const sampling = { temperature: 0, top_p: 1, seed: 1 } as const;

/**
 * Replays tasks on a fleet, in real time: every step comes when its recorded gap has passed since the one before was answered,
 * and after the last of its children where it waited for them. A step that is refused or fails ends its trace.
 */
export class LiveRun {
  readonly traces: LiveTrace[] = [];
  readonly tasks: LiveTask[] = [];
  inFlight = 0;
  /** Children that steps list and no trace is. */
  childrenMissing = 0;
  #startMs = 0;
  readonly #work: LiveWork;
  readonly #client: Pick<Client, 'submit' | 'end'>;
  readonly #name: string;

  /** `name` goes before every name: a fleet remembers traces for longer than a replay. */
  constructor(work: LiveWork, client: Pick<Client, 'submit' | 'end'>, name: string) {
    this.#work = work;
    this.#client = client;
    this.#name = name;
  }

  nowMs(): number { return performance.now() - this.#startMs; }

  /** Resolves when every task is over. */
  async run(): Promise<void> {
    const { tasks, arrivals, draw } = this.#work;
    this.#startMs = performance.now();
    if (arrivals.kind === 'closed') {
      const waiting = tasks.values();
      const one = async (): Promise<void> => { for (const task of waiting) await this.#task(task); };
      await Promise.all(Array.from({ length: arrivals.concurrency }, one));
    } else {
      let atMs = 0;
      await Promise.all(tasks.map(async (task) => {
        atMs = arrivals.kind === 'recorded' ? task.root.start_ms * arrivals.scale : atMs + exponential(3_600_000 / arrivals.tasksPerHour, draw);
        await sleep(atMs - this.nowMs());
        await this.#task(task);
      }));
    }
  }

  async #task(task: Task): Promise<void> {
    const live: LiveTask = { task, arrivedMs: this.nowMs(), overMs: null };
    this.tasks.push(live);
    await this.#trace(task.root, null, live);
    live.overMs = this.nowMs();
  }

  /** When it and all that grew from it was over. */
  async #trace(recorded: ReplayTrace, above: Above | null, task: LiveTask): Promise<number> {
    const trace = new LiveTrace(recorded, above?.trace ?? null, task, `${this.#name}/${this.traces.length}`, this.nowMs());
    this.traces.push(trace);
    const script = new Script(recorded, this.#work.scale, this.#work.layout, above?.script ?? null);
    const children: Promise<number>[] = [];
    let fromMs = this.nowMs();
    for (const [at, step] of recorded.steps.entries()) {
      if (step.gap === 'join') fromMs = (await Promise.all(children)).reduce((last, overMs) => Math.max(last, overMs), fromMs);
      await sleep(fromMs + step.gap_ms * this.#work.timeScale - this.nowMs());
      if (!await this.#step(trace, step, script.turn(at), fromMs)) break;
      fromMs = this.nowMs();
      for (const name of step.children) children.push(this.#child(name, { trace, script }, task));
    }
    await Promise.all(children);
    const overMs = this.nowMs();
    // A trace whose end nobody hears of is over by its idle limit.
    if (trace.trace !== '') await this.#client.end(trace.label).catch(() => {});
    return overMs;
  }

  async #child(name: string, above: Above, task: LiveTask): Promise<number> {
    const recorded = task.task.members.get(name);
    if (recorded === undefined) { this.childrenMissing++; return 0; }
    await sleep(recorded.start_ms * this.#work.timeScale);
    return this.#trace(recorded, above, task);
  }

  /** False: there is no answer, and `trace` knows why. */
  async #step(trace: LiveTrace, { seq }: ReplayStep, turn: Turn, fromMs: number): Promise<boolean> {
    const submittedMs = this.nowMs();
    trace.startedAtMs ??= submittedMs;
    this.inFlight++;
    const end = await this.#submit(trace, {
      id: `${trace.label}/${seq}`, trace: trace.label, parent: trace.parent?.label ?? null, seq, model: this.#work.model, messages: turn.messages,
      sampling: { ...sampling, max_tokens: turn.maxTokens }, deadline_ms: stepDeadlineMs,
    });
    this.inFlight--;
    trace.endedAtMs = this.nowMs();
    if (end.kind !== 'result') { trace.problem = { seq, code: end.kind === 'deferred' ? 'deferred' : end.code, message: end.message }; return false; }
    const { text, usage } = end;
    // Of an answer that ended by itself the token that says so is not in later prompts: the template writes its own.
    turn.answered({ promptTokens: usage.prompt, text, tokens: Math.max(0, usage.generated - (end.finish === 'stop' ? 1 : 0)) });
    trace.steps.push({ seq, step: end.step, turn: turn.kind, fromMs, submittedMs, endedMs: trace.endedAtMs, promptTokens: turn.promptTokens, result: end });
    return true;
  }

  async #submit(trace: LiveTrace, step: Step): Promise<Result | Exclude<Reply, { readonly kind: 'accepted' | 'delta' | 'result' }>> {
    let last: Exclude<Reply, { readonly kind: 'accepted' | 'delta' }> | null = null;
    for await (const reply of this.#client.submit(step)) {
      if (reply.kind === 'accepted') trace.trace = reply.trace;
      else if (reply.kind !== 'delta') last = reply;
    }
    return last ?? { kind: 'failed', step: step.id ?? '', code: 'no_answer', message: `step ${step.id} got no answer`, retry: 'later' };
  }
}

/** A timer waits 24.8 days at most; what is longer is waited for in parts. */
async function sleep(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 2 ** 31 - 1) await new Promise((resolve) => { setTimeout(resolve, Math.min(leftMs, 2 ** 31 - 1)); });
}
