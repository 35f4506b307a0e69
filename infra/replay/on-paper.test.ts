import { expect, test } from 'vitest';
import { plain, taskOf, traceOf } from './hand-made.fixture.ts';
import { Replay } from './replay.ts';
import { roundFleet } from './round-numbers.fixture.ts';

/*
 * Ten steps of one task, on one worker, worked out by hand. An iteration takes 4 ms and 1 ms for each token in it (up to 128 of prompts, one for each that
 * decodes). A block takes 2 ms on the line to dram, which has 10 ms of latency. An order is 2 ms on its way, which counts as waiting.
 *
 *   step    comes  there   recalled      prompt computed               first token   answer                    ends
 *   main/1      0      2                 128                132 ms          134      9 × 5 = 45                 179
 *   main/2    279    281                 192, hit 128        68             349      5                          354
 *            the gap of 1,000 demotes after 20: 3 blocks, 16 ms, at 390; and recalls after 500: 16 ms, at 870
 *   main/3   1354   1356                 256, hit 192        68            1424      0                         1424
 *            the gap of 40 demotes at once: 1 block is not below yet, 12 ms, at 1436, and all 4 leave hbm; the line is free from 1426
 *   main/4   1464   1466   18 at 1484    260, recalled 256    8            1492      2 × 5 = 10                1502
 *            children a, at once, and b, 30 ms later, begin with the 4 blocks of their parent
 *   a/1      1502   1504                 320, hit 256        68            1572      49 + 4 × 6 + 15 × 5 = 148 1720
 *   b/1      1532   1534                 300, hit 256        38 + 49       1621      4 × 6 = 24                1645
 *            b waits for a's prompt, until 1572, then its 44 tokens are computed beside one of a: 4 + 44 + 1
 *   main/5   1770   1772                 320, hit 256        68            1840      5 × 5 = 25                1865
 *            joins: 50 ms after a, the last child
 *   main/6   1900   1902                 64, of other blocks 68            1970      5                         1975
 *   main/7   1975   1977                 130, hit 64         70            2047      0                         2047
 *            the gap before it is of no length
 *   main/8   2050   2052                 131, hit 128         7            2059      11 × 5 = 55               2114
 */
test('replay: ten steps with gaps, a demotion and its recall, a fan-out and its join end when they do on paper', () => {
  const task = taskOf(
    traceOf('main', [
      { prompt: 128, blocks: [[0, 2]], out: 10 },
      { gapMs: 100, prompt: 192, blocks: [[0, 3]], out: 2 },
      { gapMs: 1_000, prompt: 256, blocks: [[0, 4]], out: 1 },
      { gapMs: 40, prompt: 260, blocks: [[0, 4]], out: 3, children: ['a', 'b'] },
      { gap: 'join', gapMs: 50, prompt: 320, blocks: [[0, 4], [200, 1]], out: 6 },
      { gap: 'human', gapMs: 35, prompt: 64, blocks: [[300, 1]], out: 2 },
      { gapMs: 0, prompt: 130, blocks: [[300, 2]], out: 1 },
      { gapMs: 3, prompt: 131, blocks: [[300, 2]], out: 12 },
    ]),
    traceOf('a', [{ prompt: 320, blocks: [[0, 4], [100, 1]], out: 21 }], { parent: 'main' }),
    traceOf('b', [{ prompt: 300, blocks: [[0, 4]], out: 5 }], { parent: 'main', startMs: 30 }),
  );
  const policy = plain({
    retain: ({ step }) => ({ keepValue: 0, demoteAfterMs: step === 'main/2' ? 20 : step === 'main/3' ? 0 : null, recallAfterMs: step === 'main/2' ? 500 : null, why: 'on paper' }),
  });
  const rows: unknown[] = [];
  const result = new Replay([task], {
    fleet: roundFleet({ capacity: { hbm: 100, dram: 100, nvme: 0 } }), policy: () => policy, arrivals: { kind: 'closed', concurrency: 1 }, seed: 1,
    onStep: ({ trace, seq }, { end, waitedMs }, endedAtMs) => {
      rows.push([`${trace}/${seq}`, waitedMs + end.queuedMs, end.recallMs, end.prefillMs, end.decodeMs, endedAtMs, end.usage.hit, end.usage.recalled, end.usage.computed, end.usage.avoidable]);
    },
  }).run();
  //       queue recall prefill decode  ends   hit  recalled computed avoidable
  expect(rows).toEqual([
    ['main/1', 2, 0, 132, 45, 179, 0, 0, 128, 0],
    ['main/2', 2, 0, 68, 5, 354, 128, 0, 64, 0],
    ['main/3', 2, 0, 68, 0, 1424, 192, 0, 64, 0],
    ['main/4', 2, 18, 8, 10, 1502, 0, 256, 4, 0],
    ['b/1', 2, 0, 87, 24, 1645, 256, 0, 44, 0],
    ['a/1', 2, 0, 68, 148, 1720, 256, 0, 64, 0],
    ['main/5', 2, 0, 68, 25, 1865, 256, 0, 64, 0],
    ['main/6', 2, 0, 68, 5, 1975, 0, 0, 64, 0],
    ['main/7', 2, 0, 70, 0, 2047, 64, 0, 66, 0],
    ['main/8', 2, 0, 7, 55, 2114, 128, 0, 3, 0],
  ]);
  expect(result).toMatchObject({
    tasks: 1, finished: 1, steps: 10, makespanS: 2.114, tokens: { prompt: 2_101, hit: 1_280, recalled: 256, computed: 565, avoidable: 0, generated: 63 },
    blocks: { demoted: 4, recalled: 7, evicted: 0, spilled: 0 }, skipped: {},
  });
  expect(result.jctS.mean).toBe(2.114);
  // Less the gaps on its longest way, which goes through a: 100, 1,000, 40, 50, 35, 0 and 3.
  expect(result.servedS.mean).toBeCloseTo(0.886, 12);
  // The worker computed whenever it had anything: prompts and answers, a's and b's together from 1504 to 1720.
  expect(result.acceleratorHours * 3_600_000).toBeCloseTo(2_114, 9);
  expect(result.busyShare * 2_114).toBeCloseTo(132 + 45 + 68 + 5 + 68 + 8 + 10 + 216 + 68 + 25 + 68 + 5 + 70 + 7 + 55, 9);
});
