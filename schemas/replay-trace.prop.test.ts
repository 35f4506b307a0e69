import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseReplayTrace, replayBlockTokens, replayLine, type BlockRun, type ReplayStep, type ReplayTrace } from './replay-trace.ts';

const name = fc.string({ minLength: 1, maxLength: 30, unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const ms = fc.oneof(fc.nat(1e9), fc.double({ min: 0, max: 1e12, noNaN: true, noDefaultInfinity: true })).map((value) => value + 0);

/** Runs that do not meet: each begins behind the one before, in any order of position. */
const runs: fc.Arbitrary<BlockRun[]> = fc.array(fc.tuple(fc.nat(1_000), fc.integer({ min: 1, max: 500 })), { maxLength: 8 })
  .map((pairs) => { let at = 0; return pairs.map(([hole, count]): BlockRun => { const first = at + hole; at = first + count; return [first, count]; }); })
  .chain((made) => fc.shuffledSubarray(made, { minLength: made.length }));

const message = fc.record({ role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const), content: fc.string({ maxLength: 20, minLength: 1 }) });

const steps = fc.array(fc.record({
  gap_ms: ms, gap: fc.constantFrom('tool' as const, 'human' as const), rest: fc.nat(63 + 10_000), blocks: runs, out_tokens: fc.nat(10_000), tool: fc.option(fc.string()),
  took_ms: fc.option(ms, { nil: undefined }), text: fc.option(fc.array(message, { minLength: 1, maxLength: 3 }), { nil: undefined }), text_kept: fc.option(fc.nat(9), { nil: undefined }),
}), { minLength: 1, maxLength: 6 }).map((made) => made.map(({ rest, took_ms, text, text_kept, ...fields }, at): ReplayStep => ({
  seq: at + 1, ...fields, ...(at === 0 ? { gap: 'start', gap_ms: 0 } : {}), children: at === 1 ? ['child/1', 'child/2'] : [],
  prompt_tokens: fields.blocks.reduce((sum, [, count]) => sum + count * replayBlockTokens, rest),
  ...(took_ms === undefined ? {} : { took_ms }), ...(text === undefined ? {} : { text }), ...(text_kept === undefined ? {} : { text_kept }),
} as ReplayStep)));

const trace: fc.Arbitrary<ReplayTrace> = fc.record({ v: fc.constant(1 as const), trace: name.map((text) => `t${text}`), parent: fc.constantFrom(null, 'parent'), start_ms: ms, model: fc.string(), steps });

it('a trace to replay: what was written is read as it was, and written again as the same bytes', () => {
  fc.assert(fc.property(trace, (given) => {
    const line = replayLine(given);
    const read = parseReplayTrace(new TextEncoder().encode(line));
    expect(read).toEqual(given);
    expect(replayLine(read as ReplayTrace)).toBe(line);
  }));
});
