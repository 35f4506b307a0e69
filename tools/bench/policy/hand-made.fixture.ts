import type { ReplayTrace } from '../../../schemas/replay-trace.ts';

/**
 * Runs of six steps over one system prompt of 16 blocks, each step with 8 blocks more; every fourth has a subagent after its third step, which goes on
 * from its prompt, and every third runs short tools only.
 */
export function handMadeTraces(count: number): ReplayTrace[] {
  const traces: ReplayTrace[] = [];
  for (let i = 0; i < count; i++) {
    const own = 1_000 + i * 1_000, gapMs = i % 3 === 0 ? 200 : 20_000, child = i % 4 === 0 ? `made-${i}/a` : null;
    const blocks = (own_: number): [number, number][] => [[0, 16], [own, own_]];
    const step = (seq: number, children: string[] = []): ReplayTrace['steps'][number] => ({
      seq, gap_ms: seq === 1 ? 0 : gapMs + (seq === 3 && i % 3 !== 0 ? 61_000 : 0), gap: seq === 1 ? 'start' : seq === 4 && child !== null ? 'join' : 'tool',
      prompt_tokens: (16 + 8 * seq) * 64 + 20, blocks: blocks(8 * seq), out_tokens: 60, tool: 'bash', children,
    });
    traces.push({ v: 1, trace: `made-${i}`, parent: null, start_ms: 0, model: '', steps: [1, 2, 3, 4, 5, 6].map((seq) => step(seq, seq === 3 && child !== null ? [child] : [])) });
    if (child === null) continue;
    const childStep = (seq: number): ReplayTrace['steps'][number] => ({
      seq, gap_ms: seq === 1 ? 0 : 500, gap: seq === 1 ? 'start' : 'tool', prompt_tokens: (16 + 24 + 4 * seq) * 64 + 20, blocks: [[0, 16], [own, 24], [own + 500, 4 * seq]], out_tokens: 30, tool: null, children: [],
    });
    traces.push({ v: 1, trace: child, parent: `made-${i}`, start_ms: 100, model: '', steps: [1, 2].map(childStep) });
  }
  return traces;
}
