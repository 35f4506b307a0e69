import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Reply, Request, StepTimes } from './protocol.ts';
import type { Work } from './scenarios.ts';

/** How a subject is started. `name` is ours or the peer's, `variant` a mode of ours or what a peer can be told to do; of variants the better counts. */
export interface SubjectPlan {
  readonly name: string; readonly variant: string;
  readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>>;
  readonly model: string; readonly openDeadlineMs: number;
}

export class SubjectError extends Error { override readonly name = 'SubjectError'; }

/** The longest run expected on two cores is four agents on llama.cpp without fast kernels: about four minutes. */
const runDeadlineMs = 600_000;
const sequencesMax = 32;
const contextTokens = 8192;

/** A child process that speaks the protocol, one request at a time. Whatever it does wrong (ends, hangs, prints) becomes a SubjectError, and it is gone. */
export class Subject {
  readonly plan: SubjectPlan;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<string>;
  #errors = '';
  rssBytesMax = 0;
  about = '';

  constructor(plan: SubjectPlan) {
    this.plan = plan;
    const [program, ...args] = plan.command;
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...plan.env } });
    this.#child.stderr!.on('data', (data) => { this.#errors = (this.#errors + String(data)).slice(-4096); });
    this.#child.stdin!.on('error', () => {}); // its end is told by `exit`
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('exit', (code, signal) => resolve(`ended (${signal ?? code})`));
    });
  }

  async open(threads: number): Promise<void> {
    const { model, variant, openDeadlineMs } = this.plan;
    this.about = (await this.#ask({ op: 'open', model, variant, threads, sequencesMax, contextTokens }, openDeadlineMs)).about ?? '';
  }

  async run(work: Work): Promise<readonly (readonly StepTimes[])[]> {
    const { steps } = await this.#ask({ op: 'run', ...work }, runDeadlineMs);
    if (steps === undefined) throw await this.#fault('answered without steps');
    return steps;
  }

  /** Asks it to quit, and ends it when it has not within two seconds. */
  async close(): Promise<void> {
    this.#child.stdin!.write('{"op":"quit"}\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2_000);
    await this.#ended;
    clearTimeout(timer);
  }

  async #ask(request: Request, deadlineMs: number): Promise<Extract<Reply, { ok: true }>> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => { timer = setTimeout(() => resolve(null), deadlineMs); });
    const answer = await Promise.race([this.#lines.next(), late]).finally(() => clearTimeout(timer));
    if (answer === null) throw await this.#fault(`gave no answer to "${request.op}" in ${deadlineMs / 1000} s`);
    if (answer.done === true) throw await this.#fault(await this.#ended);
    const reply = parse(answer.value);
    if (reply === null) throw await this.#fault(`printed "${answer.value.slice(0, 80)}" instead of a reply`);
    this.rssBytesMax = Math.max(this.rssBytesMax, reply.rssBytes);
    if (!reply.ok) throw new SubjectError(reply.error.trim().split('\n').at(-1)!.slice(0, 200)); // it lives on: a scenario it cannot do is not its end
    return reply;
  }

  async #fault(what: string): Promise<SubjectError> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    const last = this.#errors.trim().split('\n').at(-1) ?? '';
    return new SubjectError(last === '' ? what : `${what}: ${last.slice(0, 200)}`);
  }

  get isAlive(): boolean { return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined; }
}

function parse(line: string): Reply | null {
  try {
    const reply = JSON.parse(line) as Reply;
    return typeof reply === 'object' && reply !== null && typeof reply.ok === 'boolean' ? reply : null;
  } catch {
    return null;
  }
}
