import { blockTokens } from '../../actors/lib/chain.ts';
import type { ModelFacts } from '../text/model-facts.ts';
import { type Focus, answerTokens, asks, focusOf, system } from './prompts.ts';
import { messageTokens } from './reviewer.ts';
import type { Sample } from './sample.ts';
import type { CountTokens, Tools } from './tools.ts';

export interface Plan {
  /** Tokens of each conversation at its end, answers at their longest. */
  readonly conversations: readonly { readonly label: string; readonly tokens: number }[];
  readonly workingSetBytes: number;
  readonly hbmBytesPerWorker: number;
  readonly dramBytesPerWorker: number;
  /** The share of the working set could not hold the longest conversation: a worker got room for that instead. */
  readonly isFloor: boolean;
}

export interface PlanInput { readonly reviews: number; readonly workers: number; readonly blockBytes: number; readonly contextTokens: number; /** Of the working set, over all workers. */ readonly hbmShare: number }

/** Bytes of one block's keys and values as the CPU engine keeps them, from the model's own dimensions: 16 bits a number, and for each token and head two scales of 32. Null: the file does not say them. */
export function findBlockBytes(facts: ModelFacts): number | null {
  const number = (key: string): number => Number(facts.metadata.get(`${facts.architecture}.${key}`) ?? 0);
  const layers = number('block_count'), heads = number('attention.head_count');
  const kvHeads = number('attention.head_count_kv') || heads;
  const headLength = number('attention.key_length') || number('embedding_length') / heads;
  const bytes = blockTokens * layers * kvHeads * (2 * 2 * headLength + 2 * 4);
  return Number.isFinite(bytes) && bytes > 0 ? bytes : null;
}

/** What the run will hold in all, and the memory it gets: a fixed share of that resident, the rest one tier down. */
export async function planRun(sample: Sample, tools: Tools, count: CountTokens, input: PlanInput): Promise<Plan> {
  const conversations = (await Promise.all(Array.from({ length: input.reviews }, (_, i) => planReview(`review-${i + 1}`, focusOf(i), sample, tools, count, input.contextTokens)))).flat();
  const blocks = conversations.map(({ tokens }) => Math.ceil(tokens / blockTokens));
  const all = blocks.reduce((sum, more) => sum + more, 0);
  // The longest one has to fit with its answer, beside a block that is being copied.
  const floor = Math.max(...blocks) + 2;
  const share = Math.ceil((all * input.hbmShare) / input.workers);
  return {
    conversations, workingSetBytes: all * input.blockBytes,
    hbmBytesPerWorker: Math.max(share, floor) * input.blockBytes, isFloor: floor > share,
    // Conversations are not spread evenly, and what is demoted stays there until it is dropped.
    dramBytesPerWorker: Math.ceil(all * Math.min(1, 1.5 / input.workers)) * input.blockBytes,
  };
}

async function planReview(label: string, focus: Focus, sample: Sample, tools: Tools, count: CountTokens, contextTokens: number): Promise<{ label: string; tokens: number }[]> {
  const turn = (text: string, answer: number): number => count(text) + 2 * messageTokens + answer;
  const bounded = (tokens: number): number => Math.min(tokens, contextTokens);
  const start = count(system) + messageTokens;
  const subagents = await Promise.all(sample.folders.map(async (folder) => {
    const last = turn(asks.summary(await tools.grep(folder, focus.pattern)), answerTokens.summary);
    let tokens = start + turn(asks.begin(focus, tools.list(folder)), answerTokens.note);
    for (const file of folder.files) {
      const more = turn(asks.note(await tools.read(folder, file)), answerTokens.note);
      if (tokens + more + last > contextTokens) break;
      tokens += more;
    }
    return { label: `${label}/${folder.path}`, tokens: bounded(tokens + last) };
  }));
  const joined = sample.folders.reduce((sum, folder) => sum + count(`[${folder.path}]\n`) + answerTokens.summary, 0);
  const parent = start + turn(asks.plan(focus, sample.folders), answerTokens.plan) + turn(asks.join([]), answerTokens.join) + joined + turn(asks.report(focus), answerTokens.report);
  return [{ label, tokens: bounded(parent) }, ...subagents];
}
