/** Child processes of the gate: each in its own process group, with a deadline, its output in a log beside the reports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { repository, resultsFolder } from './paths.ts';

export interface Ended { readonly ok: boolean; readonly output: string; /** Empty, or why it ended badly. */ readonly why: string }

const outputCharsMax = 16 << 20;
const pipeDrainMs = 1_000;
const running = new Set<ChildProcess>();

/** Runs a command to its end; when the deadline passes, it and everything it started is killed. */
export async function runToEnd(name: string, command: readonly string[], deadlineMs: number, env: Record<string, string> = {}): Promise<Ended> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: repository, env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  const keep = (chunk: string) => { output = (output + chunk).slice(-outputCharsMax); };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let late = false;
  const timer = setTimeout(() => { late = true; killGroup(child); }, deadlineMs);
  const code = await new Promise<string | number | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (exit, signal) => resolve(exit ?? signal));
  });
  clearTimeout(timer);
  killGroup(child); // what it left behind (a server, a worker) must not outlive its stage
  await Promise.race([closed, wait(pipeDrainMs)]); // the last of its output; somebody in another process group may still hold the pipe
  running.delete(child);
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(`${resultsFolder}/${name.replaceAll(/[^\w-]+/g, '-')}.log`, output);
  const why = late ? `not done after ${deadlineMs / 1000} s` : code === 0 ? '' : typeof code === 'number' ? `exit ${code}` : String(code);
  return { ok: why === '', output, why };
}

export function lastLines(output: string, lines: number): string {
  return output.trimEnd().split('\n').slice(-lines).map((line) => `  │ ${line}`).join('\n');
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is already gone, which is what we want.
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
