import { availableParallelism } from 'node:os';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { type Report, simulate } from './harness.ts';

interface Share { readonly from: number; readonly to: number; readonly stride: number }

/** The seeds from `from` on, shared out over the cores: a world is alone in its thread, so it is the same one as ever. In any order. */
export function simulateMany(from: number, count: number, onReport: (report: Report) => void): Promise<void> {
  const stride = Math.max(1, Math.min(availableParallelism(), count));
  const threads = Array.from({ length: stride }, (_, i) => new Promise<void>((done, failed) => {
    const share: Share = { from: from + i, to: from + count, stride };
    const thread = new Worker(new URL(import.meta.url), { workerData: share });
    thread.on('message', onReport);
    thread.on('error', failed);
    thread.on('exit', (code) => { if (code === 0) done(); else failed(new Error(`a thread of the simulation ended with ${code}`)); });
  }));
  return Promise.all(threads).then(() => {});
}

if (!isMainThread && parentPort !== null) {
  const { from, to, stride } = workerData as Share;
  for (let seed = from; seed < to; seed += stride) {
    const report = await simulate(seed);
    // Its last events are thousands of lines; who wants them replays the seed.
    parentPort.postMessage({ ...report, tail: [] } satisfies Report);
  }
}
