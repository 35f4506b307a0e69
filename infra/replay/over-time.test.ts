import { expect, test } from 'vitest';
import { LiveContext } from './live/context.ts';
import { TokensOverTime } from './over-time.ts';

test('tokens over time: spans grow so that there are few of them, and no token is lost', () => {
  const series = new TokensOverTime();
  for (let second = 0; second < 1_000; second++) series.add(second * 1_000, { hit: 3, recalled: 2, migrated: 1, computed: 1, avoidable: second % 2 });
  const { everyS, spans } = series.result;
  expect(everyS).toBe(16);
  expect(spans.length).toBe(63);
  expect(spans[0]).toEqual({ hit: 48, recalled: 32, migrated: 16, computed: 16, avoidable: 8 });
  expect(spans.reduce((sum, span) => sum + span.hit + span.recalled + span.migrated + span.computed, 0)).toBe(7_000);
});

test('live context: the mean over time of what is not over', () => {
  const live = new LiveContext();
  live.set('a', 100, 0);
  live.set('b', 50, 10);
  live.set('a', 0, 20);
  expect(live.mean(40)).toBe((100 * 20 + 50 * 30) / 40);
});
