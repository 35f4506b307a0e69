import { parentPort, workerData } from 'node:worker_threads';
import type { PoolAnswer, PoolCall, PoolStart } from './pool.ts';
import { PromptEncoder } from './prompt.ts';
import { readModel } from './read-model.ts';
import { TextError } from './text-error.ts';

// The pool's thread: one prompt at a time, in the order of the calls, each answered once.
const port = parentPort!;
const start = workerData as PoolStart;
const encoder = new PromptEncoder(readModel(start.modelPath), start.memoryBytesMax);
port.postMessage({ kind: 'ready' } satisfies PoolAnswer);

port.on('message', (call: PoolCall) => {
  try {
    const prompt = encoder.encode(call.request);
    port.postMessage({ kind: 'encoded', call: call.call, prompt } satisfies PoolAnswer, [prompt.tokens.buffer as ArrayBuffer]);
  } catch (error) {
    const { code, message } = error instanceof TextError ? error : new TextError('message_invalid', `cannot be turned into tokens: ${(error as Error).message}`);
    port.postMessage({ kind: 'refused', call: call.call, code, message } satisfies PoolAnswer);
  }
});
