/**
 * What the gateway's text work costs, for a conversation of 200k tokens: `node infra/text/text.bench.ts MODEL.gguf [--json FILE]`.
 * Cold: nothing remembered. Grown: the same conversation, one message longer. Not measured: the queue in front of the thread.
 */
import { writeFileSync } from 'node:fs';
import { Detokenizer } from './detokenizer.ts';
import { readGguf } from './gguf.ts';
import { type ChatMessage, messageChain } from './message.ts';
import { buildPrompt, PageMemory, salt } from './pages.ts';
import { TextPool } from './pool.ts';
import { PromptEncoder } from './prompt.ts';
import { SpliceMemory } from './splice-memory.ts';

const [modelPath, flag, jsonFile] = process.argv.slice(2);
if (modelPath === undefined || (flag !== undefined && (flag !== '--json' || jsonFile === undefined))) {
  console.error('usage: node infra/text/text.bench.ts MODEL.gguf [--json FILE]');
  process.exit(2);
}

const gguf = readGguf(modelPath);
const words = 'the agent reads src/main.ts, finds 3 errors: `if (x !== null) return [];` and writes a summary of what it does not understand.\n'.split(' ');
const textOf = (seed: number, count: number): string => Array.from({ length: count }, (_, i) => words[(i * 7 + seed * 13 + ((i * seed) % 11)) % words.length]).join(' ');
const messages: ChatMessage[] = Array.from({ length: 300 }, (_, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content: `${i} ${textOf(i, 400)}` }));
const encoder = new PromptEncoder(gguf);
const { tokens } = encoder.encode({ messages, generated: new Map() });
const secret = salt('tenant', 'digest', '', 'bf16');
const pages = new PageMemory();
pages.build('lane', secret, tokens);
const splices = new SpliceMemory(encoder.tokenizer.vocabulary);
const pool = new TextPool({ modelPath, memoryBytesMax: 64 << 20 }, splices);
await pool.ready();
const chain = messageChain('t', 'm', messages);
await pool.encode({ messages, chain }, 60_000);

const rounds = 15;
const lines: object[] = [];
await measure('tokenise-cold', () => new PromptEncoder(gguf), (fresh) => (fresh as PromptEncoder).encode({ messages, generated: new Map() }), 5);
await measure('encode-grown', (round) => structuredClone([...messages, { role: 'user', content: `new ${round}` }]), (grown) => encoder.encode({ messages: grown as ChatMessage[], generated: new Map() }));
await measure('encode-grown-pool', (round) => [...messages, { role: 'user', content: `newer ${round}` }] as ChatMessage[], (grown) => pool.encode({ messages: grown as ChatMessage[], chain: [...chain, 'x'] }, 60_000));
await measure('message-chain', () => structuredClone(messages), (copy) => messageChain('t', 'm', copy as ChatMessage[]));
await measure('pages-cold', () => null, () => buildPrompt(secret, tokens));
await measure('pages-grown', (round) => Int32Array.from([...tokens, ...Array.from({ length: 300 }, (_, i) => i + round)]), (grown) => pages.build('lane', secret, grown as Int32Array));
await measure('detokenise-1000', () => new Detokenizer(encoder.tokenizer.vocabulary), (stream) => { for (const id of tokens.subarray(0, 1000)) (stream as Detokenizer).push([id]); });
await pool.close();
console.log(`${messages.length} messages, ${tokens.length} tokens; resident ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
if (jsonFile !== undefined) writeFileSync(jsonFile, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);

async function measure(name: string, prepare: (round: number) => unknown, work: (input: unknown) => unknown, times = rounds): Promise<void> {
  const spentMs: number[] = [];
  for (let round = 0; round < times; round++) {
    const input = prepare(round);
    const startedMs = performance.now();
    await work(input);
    spentMs.push(performance.now() - startedMs);
  }
  spentMs.sort((a, b) => a - b);
  const [min, median, max] = [spentMs[0]!, spentMs[times >> 1]!, spentMs[times - 1]!];
  console.log(`${name.padEnd(20)} median ${median.toFixed(2).padStart(8)} ms   min ${min.toFixed(2).padStart(8)}   max ${max.toFixed(2).padStart(8)}`);
  lines.push({ bench: 'text', case: name, subject: 'slackwater', metric: 'ms', median, min, max, unit: 'ms', date: new Date().toISOString().slice(0, 10) });
}
