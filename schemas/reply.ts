/**
 * What a harness gets back, in JSON: the fields are those of the contracts. The fleet writes them with `encodeReply`, a
 * client reads them with `parseReply`, which ignores fields of a later version: these shapes may grow.
 */
import { z } from 'zod';
import type { Fault } from './codec.ts';
import type { ToolCall } from './chat.ts';
import type { Finish, Retry } from './messages.ts';
import { refusedBy, type Refused } from './refused.ts';

export interface Accepted {
  readonly kind: 'accepted';
  readonly step: string;
  readonly trace: string;
  readonly attempt: number;
  readonly prompt_tokens: number;
  /** Of them, how many the trace had before this step. */
  readonly known_tokens: number;
  readonly identity: { readonly how: 'explicit' | 'inferred' | 'new'; readonly confidence: number };
}

/** Not now: nothing was kept, the same step may come again. */
export interface Deferred { readonly kind: 'deferred'; readonly retry_after_ms: number; readonly code: string; readonly message: string }

/** `tokens`: how many this delta brings; `offset`: how many came before it. A delta of a later attempt begins at 0 again or goes on. */
export interface Delta { readonly kind: 'delta'; readonly step: string; readonly attempt: number; readonly offset: number; readonly tokens: number; readonly text: string }

export interface Result {
  readonly kind: 'result';
  readonly step: string;
  readonly attempt: number;
  readonly text: string;
  readonly finish: Finish;
  readonly tool_calls: readonly ToolCall[];
  /** `hit + recalled + computed = prompt`. */
  readonly usage: { readonly prompt: number; readonly hit: number; readonly recalled: number; readonly computed: number; readonly generated: number };
  readonly timing_ms: { readonly queued: number; readonly recall: number; readonly first_token: number; readonly total: number };
  readonly worker: string;
  readonly cost_usd: number;
}

/**
 * An end without an answer. `never`: the same step would fail again. `later`, `elsewhere`: worth another try, as a new step:
 * under a new id and, for who numbers steps, the seq that comes next. The id that failed is told the same failure again.
 */
export interface Failed { readonly kind: 'failed'; readonly step: string; readonly code: string; readonly message: string; readonly retry: Retry }

export type Reply = Accepted | Deferred | Refused | Delta | Result | Failed;

const count = z.int().min(0);
const share = z.number().min(0).max(1);

const reply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accepted'), step: z.string().min(1), trace: z.string().min(1), attempt: count, prompt_tokens: count, known_tokens: count, identity: z.object({ how: z.literal(['explicit', 'inferred', 'new']), confidence: share }) }),
  z.object({ kind: z.literal('deferred'), retry_after_ms: z.number().min(0), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('refused'), code: z.string(), message: z.string(), limit: z.number().optional(), got: z.number().optional() }),
  z.object({ kind: z.literal('delta'), step: z.string().min(1), attempt: count, offset: count, tokens: count, text: z.string() }),
  z.object({
    kind: z.literal('result'), step: z.string().min(1), attempt: count, text: z.string(), finish: z.literal(['stop', 'length', 'tool_calls', 'cancelled']),
    tool_calls: z.array(z.object({ id: z.string(), type: z.literal('function'), function: z.object({ name: z.string(), arguments: z.string() }) })),
    usage: z.object({ prompt: count, hit: count, recalled: count, computed: count, generated: count }),
    timing_ms: z.object({ queued: z.number(), recall: z.number(), first_token: z.number(), total: z.number() }),
    worker: z.string(), cost_usd: z.number(),
  }),
  z.object({ kind: z.literal('failed'), step: z.string().min(1), code: z.string(), message: z.string(), retry: z.literal(['never', 'later', 'elsewhere']) }),
]);

const utf8 = new TextEncoder();
const fatalUtf8 = new TextDecoder('utf-8', { fatal: true });

export function encodeReply(message: Reply): Uint8Array {
  return utf8.encode(JSON.stringify(message));
}

export function parseReply(bytes: Uint8Array): Reply | Fault {
  let value: unknown;
  try {
    value = JSON.parse(fatalUtf8.decode(bytes));
  } catch (error) {
    return { kind: 'fault', message: `reply of ${bytes.length} bytes: ${error instanceof Error ? error.message : String(error)}` };
  }
  const parsed = reply.safeParse(value);
  return parsed.success ? (parsed.data as Reply) : { kind: 'fault', message: `reply of ${bytes.length} bytes: ${refusedBy(parsed.error, value).message}` };
}
