import { describe, expect, test } from 'vitest';
import { progressOn } from './progress.ts';

function rig(isTTY: boolean) {
  let text = '', nowMs = 0;
  const progress = progressOn({ isTTY, write: (more) => { text += more; } }, () => nowMs);
  return { progress, at: (ms: number) => { nowMs = ms; }, taken: () => { const was = text; text = ''; return was; } };
}

describe('models: progress', () => {
  test('a terminal gets one line that is drawn again, five times a second at most, with speed and time left', () => {
    const { progress, at, taken } = rig(true);
    progress.begin('hf:a/b', 100e6);
    progress.file('x', 20e6); // from an earlier start
    expect(taken()).toBe('\r\x1b[Khf:a/b  20% of 100.0 MB, 0 kB/s');
    at(100); progress.file('x', 25e6);
    expect(taken()).toBe('');
    at(2_000); progress.file('x', 60e6);
    expect(taken()).toBe('\r\x1b[Khf:a/b  60% of 100.0 MB, 20.0 MB/s, 2 s left');
    progress.say('waiting');
    expect(taken()).toBe('\r\x1b[Kwaiting\n');
    at(4_000); progress.file('y', 40e6); progress.end();
    expect(taken()).toMatch(/\r\x1b\[Kdownloaded hf:a\/b: 100\.0 MB in 4\.0 s\n$/);
  });

  test('elsewhere there is a line as it begins and one as it ends, none when it failed', () => {
    const { progress, taken } = rig(false);
    progress.begin('hf:a/b', 10e3);
    progress.file('x', 5e3);
    progress.end();
    expect(taken()).toBe('downloading hf:a/b (10 kB)\n');
    progress.begin('hf:a/b', 10e3);
    progress.file('x', 10e3);
    progress.end();
    expect(taken()).toBe('downloading hf:a/b (10 kB)\ndownloaded hf:a/b: 10 kB in 0.0 s\n');
  });
});
