import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../schemas/messages.ts';
import { liveTable, tierText } from './live.ts';
import { totalsTable, verdict } from './print.ts';
import { type Gathered, type Measured, disagreements, failures, reportOf } from './report.ts';

const usage = (hit: number, recalled: number, computed: number, generated: number) => ({ prompt: hit + recalled + computed, hit, recalled, computed, generated });

function measured(label: string, parent: Measured['parent'], answers: readonly ReturnType<typeof usage>[]): Measured {
  return { label, trace: `tr_${label}`, kind: 'http', parent, startedAtMs: 1_000, endedAtMs: 3_500, answers: answers.map((one) => ({ text: '', trace: `tr_${label}`, worker: 'w', usage: one, costUsd: 0.5 })) };
}

function gathered(change: Partial<Gathered> = {}): Gathered {
  const parent = measured('parent', null, [usage(0, 0, 100, 10)]);
  const child = measured('child', parent, [usage(0, 0, 300, 10), usage(256, 44, 50, 20)]);
  const conversations = [parent, child];
  const sum = (of: Measured) => of.answers.map((answer) => answer.usage).reduce((a, b) => usage(a.hit + b.hit, a.recalled + b.recalled, a.computed + b.computed, a.generated + b.generated));
  return {
    policy: 'slackwater', model: 'm', workers: 2, wallMs: 4_000, conversations, blocks: { demoted: 4, recalled: 3, migrated: 0, evicted: 1 }, workingSetBytes: 1_000, hbmBytes: 400,
    saved: new Map(conversations.map((one) => [one.trace, { state: 'done', outcome: 'finished' as Outcome, parent: null, steps: one.answers.length, usage: sum(one), acceleratorMs: 700 }])),
    bills: new Map(conversations.map((one) => [one.trace, { trace: one.trace, tenant: 't', steps: one.answers.length, usage: sum(one), acceleratorMs: 700, costUsd: 0.5 * one.answers.length }])),
    ...change,
  };
}

describe('demo: report', () => {
  test('tokens and times are the harness\'s, parents are the real ones, cost and outcome the fleet\'s', () => {
    const report = reportOf(gathered());
    expect(report.traces[1]).toEqual({ trace: 'tr_child', parent: 'tr_parent', outcome: 'finished', jct_ms: 2_500, steps: 2, prompt_tokens: { hit: 256, recalled: 44, computed: 350 }, generated_tokens: 30, accelerator_s: 0.7, cost_usd: 1 });
    expect(report.totals).toMatchObject({ traces: 2, finished: 2, steps: 3, cost_usd: 1.5, working_set_bytes: 1_000, hbm_bytes: 400, blocks: { demoted: 4, recalled: 3 } });
    // One review, not two tasks: the child is part of it.
    expect(report.totals.tasks_per_usd).toBeCloseTo(1 / 1.5);
  });

  test('when both sides tell the same story there is nothing to say', () => {
    expect(disagreements(gathered())).toEqual([]);
    expect(failures(reportOf(gathered()), true)).toEqual([]);
  });

  test('other tokens, other steps, a missing bill and a trace that is nobody\'s are each told with their numbers', () => {
    const base = gathered();
    const saved = new Map(base.saved), bills = new Map(base.bills);
    const child = saved.get('tr_child')!;
    saved.set('tr_child', { ...child, steps: 3, usage: { ...child.usage, computed: 351 } });
    saved.set('tr_other', { ...child, state: 'toolGap' });
    bills.delete('tr_parent');
    expect(disagreements({ ...base, saved, bills })).toEqual([
      'parent: no bill', 'child: steps 2 as measured, 3 as the fleet says', 'child: computed tokens 350 as measured, 351 as the fleet says', 'trace tr_other (toolGap, 2 steps) is nobody\'s',
    ]);
  });

  test('a trace that is not finished and memory that never moved fail the run; the baseline need not move any', () => {
    const base = gathered({ blocks: { demoted: 0, recalled: 0, migrated: 0, evicted: 9 } });
    const saved = new Map(base.saved);
    saved.set('tr_child', { ...saved.get('tr_child')!, outcome: 'abandoned' });
    saved.delete('tr_parent');
    const report = reportOf({ ...base, saved });
    expect(failures(report, true)).toEqual(['trace tr_parent is running', 'trace tr_child is abandoned', 'no block was demoted', 'no block was recalled']);
    expect(failures(report, false)).toHaveLength(2);
  });

  test('two runs stand side by side, and a loss is called one', () => {
    const ours = reportOf(gathered({ wallMs: 8_000 })), theirs = reportOf(gathered({ policy: 'round-robin-lru', blocks: { demoted: 0, recalled: 0, migrated: 0, evicted: 0 } }));
    const lines = totalsTable([ours, theirs]);
    expect(lines[0]?.trim()).toMatch(/^slackwater +round-robin-lru$/);
    expect(lines.find((line) => line.startsWith('wall time'))).toMatch(/8\.0 s +4\.0 s$/);
    expect(verdict(ours, theirs)).toContain('2.00× MORE wall time');
  });
});

describe('demo: live table', () => {
  test('a prefix is told by tier, also when it is in two, or partly nowhere', () => {
    expect(tierText(null)).toBe('-');
    expect(tierText({ hbm: 8, dram: 0, blocks: 8 })).toBe('hbm 8');
    expect(tierText({ hbm: 3, dram: 4, blocks: 8 })).toBe('hbm 3 + dram 4 + gone 1');
  });

  test('an agent has a row before its trace has a name', () => {
    const [header, row] = liveTable([{ label: 'review-1', kind: 'http', trace: '' }], { transitions: new Map(), findHeld: () => null });
    expect(header).toMatch(/^agent +by +trace/);
    expect(row).toMatch(/^review-1 +http +- +starting +0/);
  });
});
