import { z } from 'zod';
import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { HashBlocks, isBlockSize } from './hash-blocks.ts';
import type { Line } from './lines.ts';
import type { Reading } from './reading.ts';

/** Of the recordings that Mooncake publishes. */
const mooncakeBlockTokens = 512;

/**
 * Requests as Mooncake publishes them: `timestamp` in ms, lengths, chained hashes of 512 tokens. There are no session ids.
 * A later request that extends an earlier one may be its next turn, another branch of it, or somebody who shares a long
 * document; so nothing is put together: each request is a trace of one step, and what is shared is in the blocks.
 */
export async function* readMooncake(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const blockTokens = reading.options.blockTokens ?? mooncakeBlockTokens;
  if (!isBlockSize(blockTokens)) reading.fail(null, `blocks of ${blockTokens} tokens; expected a multiple or a divisor of 64`);
  const blocks = new HashBlocks(reading, blockTokens);
  let firstMs: number | null = null, lastMs = -Infinity;
  for await (const line of lines) {
    const row = reading.record(rowShape, line, 'a request with "timestamp", "input_length", "output_length" and "hash_ids"');
    if (row.timestamp < lastMs) reading.fail(line.number, `"timestamp" is ${row.timestamp}, ${lastMs - row.timestamp} ms before that of the row ahead; expected times that do not go back`);
    firstMs ??= row.timestamp;
    lastMs = row.timestamp;
    yield {
      v: 1, trace: `${reading.stem}-${line.number}`, parent: null, start_ms: row.timestamp - firstMs, model: '',
      steps: [{ seq: 1, gap_ms: 0, gap: 'start', prompt_tokens: row.input_length, blocks: blocks.runs(row.hash_ids, row.input_length, line.number), out_tokens: row.output_length, tool: null, children: [] }],
    };
  }
}

const rowShape = z.object({ timestamp: z.number().min(0), input_length: z.int().min(0), output_length: z.int().min(0), hash_ids: z.array(z.int().min(0)) });
