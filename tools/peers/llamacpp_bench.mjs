// llama.cpp on the scenarios of build/bench_model, through the npm package node-llama-cpp (prebuilt binaries).
// Never a dependency of the product: install it in a throw-away folder, and run this file from there.
//
//   mkdir peer && cd peer && npm init -y && npm i node-llama-cpp@3.22.1
//   cp REPO/tools/peers/llamacpp_bench.mjs . && node llamacpp_bench.mjs MODEL.gguf [repeats]
const peer = 'node-llama-cpp'; // a name, not an import: the package is not one of ours
const { getLlama } = await import(peer);

const [modelPath, repeats = '3'] = process.argv.slice(2);
if (!modelPath) {
  console.error('usage: node llamacpp_bench.mjs MODEL.gguf [repeats]');
  process.exit(2);
}
const llama = await getLlama({ gpu: false, maxThreads: 2, build: 'never', logLevel: 'error' });
const model = await llama.loadModel({ modelPath });
const drawn = (count, seed) => Array.from({ length: count }, (_, i) => 100 + ((seed * 7919 + i * 104729) % 40000));

/** Feeds the prompts, then takes `generated` greedy tokens of each; returns the seconds of both phases. */
async function measure(sequences, promptTokens, generated) {
  const context = await model.createContext({ contextSize: promptTokens + generated + 8, sequences, batchSize: 512, threads: 2, flashAttention: true });
  const handles = Array.from({ length: sequences }, () => context.getSequence());
  const begin = performance.now();
  const pending = handles.map(async (sequence, s) => {
    const prompt = drawn(promptTokens, s + 1);
    if (generated === 0) return sequence.evaluateWithoutGeneratingNewTokens(prompt);
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
  });
  await Promise.all(pending);
  const middle = performance.now();
  if (generated > 0) {
    await Promise.all(
      handles.map(async (sequence, s) => {
        let left = generated;
        for await (const _ of sequence.evaluate([drawn(promptTokens, s + 1).at(-1)], { temperature: 0, yieldEogToken: true })) {
          if (--left === 0) break;
        }
      }),
    );
  }
  const end = performance.now();
  await context.dispose();
  return { prefillS: (middle - begin) / 1000, decodeS: (end - middle) / 1000 };
}

const cases = {
  'prefill-512': async () => 512 / (await measure(1, 512, 0)).prefillS,
  'decode-1': async () => 64 / (await measure(1, 128, 64)).decodeS,
  'decode-16': async () => (16 * 32) / (await measure(16, 128, 32)).decodeS,
};
for (const [name, run] of Object.entries(cases)) {
  const rates = [];
  for (let i = 0; i < Number(repeats); ++i) rates.push(await run());
  rates.sort((a, b) => a - b);
  console.log(`${name.padEnd(14)} ${rates[rates.length >> 1].toFixed(1).padStart(8)} tok/s  (min ${rates[0].toFixed(1)}, max ${rates.at(-1).toFixed(1)})`);
}
process.exit(0);
