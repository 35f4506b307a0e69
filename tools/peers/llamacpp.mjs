// llama.cpp as a bench subject, through the npm package node-llama-cpp with its prebuilt libraries. Run by tools/bench in the peer's own folder,
// never imported: the package is not one of ours. Speaks the line-JSON protocol of tools/bench/protocol.ts on stdin and stdout.
//
// What a peer can share it shares: every trace keeps its sequence (and so its KV) between steps, and the shared prefix is evaluated once
// and copied into the other sequences (an internal call of the package; llama.cpp's own `llama_memory_seq_cp`).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder] = process.argv.slice(2);
const here = createRequire(join(folder, 'package.json'));
const { getLlama } = await import(pathToFileURL(here.resolve('node-llama-cpp')).href);
const seconds = () => performance.now() / 1000;
/** `CPU : AVX2 = 1 | AVX512 = 1 | …` as the names of what is on. */
const features = (info) => [...info.matchAll(/(\w+) = 1/g)].map((match) => match[1]).join(' ');
const cpuSeconds = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };

let model;
let llama;
let threads;

const ops = {
  async open(request) {
    threads = request.threads;
    llama = await getLlama({ gpu: false, maxThreads: threads, build: 'never', logLevel: 'error' });
    model = await llama.loadModel({ modelPath: request.model });
    const libraries = readFileSync('/proc/self/maps', 'utf8').match(/libggml-cpu-\w+/g) ?? [];
    return { about: `llama.cpp ${llama.llamaCppRelease.release}, ${libraries[0] ?? 'no CPU library'}, ${basename(request.model)}; ${features(llama.systemInfo)}` };
  },

  /** Prefill of the prefix, then all traces at once, each step when the one before has ended. */
  async run({ prefix, warm, traces }) {
    const length = prefix.length + Math.max(...traces.map(({ steps }) => steps.reduce((sum, step) => sum + step.append.length + step.generate, 0)));
    const context = await model.createContext({ contextSize: length + 8, sequences: traces.length, batchSize: 512, threads, flashAttention: true });
    try {
      const sequences = traces.map(() => context.getSequence());
      const share = async () => {
        if (prefix.length === 0) return;
        await sequences[0].evaluateWithoutGeneratingNewTokens(prefix);
        for (const other of sequences.slice(1)) {
          if (!await other._copyStateFromOtherSequence(sequences[0], prefix.length)) throw new Error('the prefix could not be copied');
        }
      };
      if (warm) await share();
      const begin = seconds(); const cpuBegin = cpuSeconds();
      if (!warm) await share();
      const steps = await Promise.all(traces.map((trace, i) => runTrace(sequences[i], trace, begin, cpuBegin)));
      return { steps, rssBytes: process.memoryUsage.rss() };
    } finally {
      await context.dispose();
    }
  },
};

async function runTrace(sequence, { steps }, begin, cpuBegin) {
  const told = [];
  let carried = []; // generated, but not evaluated yet
  for (const [i, step] of steps.entries()) {
    const submitS = i === 0 ? 0 : seconds() - begin;
    const cpuSubmitS = cpuSeconds() - cpuBegin;
    const tokens = [];
    const times = [];
    let cpuFirstS = 0;
    for await (const token of sequence.evaluate([...carried, ...step.append], { temperature: 0, yieldEogToken: true })) {
      tokens.push(token); times.push(seconds() - begin);
      cpuFirstS ||= cpuSeconds() - cpuBegin;
      if (tokens.length === step.generate) break;
    }
    carried = tokens.slice(-1);
    told.push({ submitS, times, tokens, cpuSubmitS, cpuFirstS, cpuEndS: cpuSeconds() - cpuBegin });
  }
  return told;
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.op === 'quit') break;
  let reply;
  try {
    reply = { ok: true, ...await ops[request.op](request) };
  } catch (error) {
    reply = { ok: false, error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify({ rssBytes: process.memoryUsage.rss(), ...reply })}\n`);
}
process.exit(0);
