import { expect, test } from 'vitest';
import { evtSamples } from './golden/samples.ts';
import { decisionJson, totalsOf, type TraceReport } from './report.ts';

const fleet = { blocks: { demoted: 1, recalled: 2, migrated: 3, evicted: 4 }, working_set_bytes: 5, hbm_bytes: 6 };
const trace = (jct_ms: number, fields: Partial<TraceReport> = {}): TraceReport =>
  ({ trace: `tr_${jct_ms}`, parent: null, outcome: 'finished', jct_ms, steps: 2, prompt_tokens: { hit: 10, recalled: 5, computed: 1 }, generated_tokens: 3, accelerator_s: 0.5, cost_usd: 0.25, ...fields });

test('totals add up, times count finished traces only, tasks are those without a parent', () => {
  const totals = totalsOf([trace(400), trace(100), trace(200, { parent: 'tr_400' }), trace(300), trace(9999, { outcome: 'failed' })], fleet);
  expect(totals).toStrictEqual({
    traces: 5, finished: 4, steps: 10, jct_ms: { mean: 250, p50: 200, p95: 400 }, prompt_tokens: { hit: 50, recalled: 25, computed: 5 }, generated_tokens: 15,
    accelerator_s: 2.5, cost_usd: 1.25, tasks_per_usd: 2.4, ...fleet,
  });
});

test('totals of nothing are zeros, not NaN', () => {
  expect(totalsOf([], fleet)).toMatchObject({ traces: 0, jct_ms: { mean: 0, p50: 0, p95: 0 }, tasks_per_usd: 0 });
});

test('a decision is told with the time since its trace began and the number of its step', () => {
  const { decision } = evtSamples;
  expect(decisionJson(decision, decision.atMs - 1732)).toStrictEqual({
    at_ms: 1732, trace: 'tr_07Qm3x9', step: 12, what: 'place', choice: 'w1', policy: 'strict-locality', regime: 'hits-abundant', why: 'holds 123 of 127 blocks in hbm; queue 0.4 s',
    alternatives: [{ choice: 'w1', score: 0.41 }, { choice: 'w2', score: 3.9 }], forecast: { resume_ms: { p50: 900, p95: 8000 } }, outcome: { first_token_ms: 61, promised_ms: 70 },
  });
  expect(decisionJson({ ...decision, step: 'tr_07Qm3x9/s4', forecast: null, outcome: null }, 0)).toMatchObject({ step: 's4', forecast: null, outcome: null });
  expect(decisionJson({ ...decision, step: '' }, 0).step).toBeNull();
});
