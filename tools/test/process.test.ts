import { describe, expect, it } from 'vitest';
import { runToEnd } from './process.ts';

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A killed process is gone when its new parent has buried it, which takes a moment. */
async function untilGone(pid: number): Promise<boolean> {
  for (const giveUpMs = Date.now() + 5_000; Date.now() < giveUpMs;) {
    if (!isAlive(pid)) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

describe('gate: child processes', () => {
  it('past its deadline a command and what it started are killed, and it says so', async () => {
    const ended = await runToEnd('test-late', ['sh', '-c', 'sleep 60 & echo $!; wait'], 300);
    expect(ended).toMatchObject({ ok: false, why: 'not done after 0.3 s' });
    expect(await untilGone(Number(ended.output))).toBe(true);
  });

  it('what a command leaves behind is killed when it ends', async () => {
    const ended = await runToEnd('test-behind', ['sh', '-c', 'sleep 60 > /dev/null 2>&1 & echo $!'], 5_000);
    expect(ended.ok).toBe(true);
    expect(await untilGone(Number(ended.output))).toBe(true);
  });

  it('a failing and an absent program are told apart', async () => {
    expect(await runToEnd('test-exit', ['sh', '-c', 'echo why; exit 3'], 5_000)).toEqual({ ok: false, output: 'why\n', why: 'exit 3' });
    expect((await runToEnd('test-absent', ['no-such-program'], 5_000)).why).toMatch(/ENOENT/);
  });
});
