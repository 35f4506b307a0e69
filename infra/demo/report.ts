import { addUsage } from '../../actors/lib/usage.ts';
import type { BillRow, Usage } from '../../schemas/messages.ts';
import { type BlockTotals, type Report, type TraceReport, totalsOf } from '../../schemas/report.ts';
import type { Conversation } from './reviewer.ts';
import type { SavedView } from './watch.ts';

/** A conversation's measurements, as far as a report needs them. */
export type Measured = Pick<Conversation, 'label' | 'trace' | 'kind' | 'answers' | 'startedAtMs' | 'endedAtMs'> & { readonly parent: { readonly trace: string } | null };

export interface Gathered {
  readonly policy: string;
  readonly model: string;
  readonly workers: number;
  readonly wallMs: number;
  readonly conversations: readonly Measured[];
  readonly saved: ReadonlyMap<string, SavedView>;
  readonly bills: ReadonlyMap<string, BillRow>;
  readonly blocks: BlockTotals;
  readonly workingSetBytes: number;
  readonly hbmBytes: number;
}

/**
 * Times, tokens and parents are what the harness saw from outside; outcome, accelerator time and cost are the fleet's.
 * A parent is the agent's real one, also where it was not said over HTTP.
 */
export function reportOf(gathered: Gathered): Report {
  const traces = gathered.conversations.map((conversation): TraceReport => {
    const saved = gathered.saved.get(conversation.trace), bill = gathered.bills.get(conversation.trace);
    const { hit, recalled, computed, generated } = usageOf(conversation);
    return {
      trace: conversation.trace, parent: conversation.parent?.trace ?? null, outcome: saved?.outcome ?? 'running',
      jct_ms: Math.round((conversation.endedAtMs ?? 0) - (conversation.startedAtMs ?? 0)), steps: conversation.answers.length,
      prompt_tokens: { hit, recalled, computed }, generated_tokens: generated,
      accelerator_s: (bill?.acceleratorMs ?? saved?.acceleratorMs ?? 0) / 1_000,
      cost_usd: bill?.costUsd ?? conversation.answers.reduce((sum, answer) => sum + answer.costUsd, 0),
    };
  });
  return {
    v: 1, what: 'demo', policy: gathered.policy, model: gathered.model, workers: gathered.workers, wall_ms: Math.round(gathered.wallMs), traces,
    totals: totalsOf(traces, { blocks: gathered.blocks, working_set_bytes: gathered.workingSetBytes, hbm_bytes: gathered.hbmBytes }),
  };
}

const usageOf = ({ answers }: Measured): Usage => answers.map((answer) => answer.usage).reduce(addUsage, { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 });

/** Where the harness and the fleet tell different stories, a line each. Empty is what is expected. */
export function disagreements({ conversations, saved, bills }: Gathered): readonly string[] {
  const lines: string[] = [];
  const compare = (label: string, what: string, ours: number, theirs: number, slack = 0): void => {
    if (Math.abs(ours - theirs) > slack) lines.push(`${label}: ${what} ${ours} as measured, ${theirs} as the fleet says`);
  };
  for (const conversation of conversations) {
    const { label, trace, answers } = conversation;
    const usage = usageOf(conversation);
    compare(label, 'hit + recalled + computed', usage.prompt, usage.hit + usage.recalled + usage.computed);
    const view = saved.get(trace), bill = bills.get(trace);
    if (view === undefined) { lines.push(`${label}: no saved trace ${trace || '(it never got a name)'}`); continue; }
    compare(label, 'steps', answers.length, view.steps);
    for (const what of ['prompt', 'hit', 'recalled', 'computed', 'generated'] as const) compare(label, `${what} tokens`, usage[what], view.usage[what]);
    if (bill === undefined) { lines.push(`${label}: no bill`); continue; }
    compare(label, 'billed steps', answers.length, bill.steps);
    const answered = answers.reduce((sum, answer) => sum + answer.costUsd, 0);
    // A bill has the time of replaced attempts as well, never less than what was answered.
    if (bill.costUsd < answered - 1e-9) lines.push(`${label}: answers cost $${answered}, the bill says $${bill.costUsd}`);
  }
  const named = new Set(conversations.map(({ trace }) => trace));
  if (named.size < conversations.length) lines.push(`${conversations.length} conversations in ${named.size} traces`);
  for (const [trace, view] of saved) if (!named.has(trace)) lines.push(`trace ${trace} (${view.state}, ${view.steps} steps) is nobody's`);
  return lines;
}

/** What makes a run a failure, a line each: an agent that did not come to its end, or memory that was never under pressure. */
export function failures(report: Report, isOffloading: boolean): readonly string[] {
  const { blocks } = report.totals;
  const unfinished = report.traces.filter(({ outcome }) => outcome !== 'finished');
  return [
    ...unfinished.map(({ trace, outcome }) => `trace ${trace || '(unnamed)'} is ${outcome}`),
    ...(isOffloading && blocks.demoted === 0 ? ['no block was demoted'] : []),
    ...(isOffloading && blocks.recalled === 0 ? ['no block was recalled'] : []),
  ];
}
