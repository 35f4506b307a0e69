import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { dateMs } from './date.ts';
import type { Line } from './lines.ts';
import { type Reading, roundMs } from './reading.ts';

export const azureHeader = /^\s*"?TIMESTAMP"?\s*,\s*"?ContextTokens"?\s*,\s*"?GeneratedTokens"?\s*$/i;

/**
 * Arrivals and lengths of the Azure public data set: each row is a trace of one step. Nothing is known of what prompts
 * have in common, so they have no blocks. A row that is no row is an error, and so is a time before that of the row ahead.
 */
export async function* readAzure(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  let firstMs: number | null = null, lastMs = -Infinity;
  for await (const { number, bytes } of lines) {
    const text = Buffer.from(bytes).toString('utf8');
    if (azureHeader.test(text)) continue;
    const [time, prompt, generated, ...rest] = text.split(',');
    const written = (time ?? '').trim().replace(/^"(.*)"$/, '$1'), atMs = dateMs(written);
    if (Number.isNaN(atMs)) reading.fail(number, `"${written}" is no day and time that there is; expected one such as 2023-11-16 18:17:03.9799600`);
    if (atMs === null || rest.length > 0 || !/^\d+$/.test(prompt ?? '') || !/^\d+$/.test(generated?.trim() ?? '')) {
      reading.fail(number, `"${text.slice(0, 80)}" is no arrival; expected TIMESTAMP,ContextTokens,GeneratedTokens such as 2023-11-16 18:17:03.9799600,4808,10`);
    }
    if (atMs < lastMs) reading.fail(number, `the arrival at ${time} is ${roundMs(lastMs - atMs)} ms before that of the row ahead; expected times that do not go back`);
    firstMs ??= atMs;
    lastMs = atMs;
    yield {
      v: 1, trace: `${reading.stem}-${number}`, parent: null, start_ms: roundMs(atMs - firstMs), model: '',
      steps: [{ seq: 1, gap_ms: 0, gap: 'start', prompt_tokens: Number(prompt), blocks: [], out_tokens: Number(generated), tool: null, children: [] }],
    };
  }
}
