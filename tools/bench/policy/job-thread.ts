/** One thread of a crew: opens the bench that it is told, then does the jobs that come, one at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { Bench, type BenchPlan, type Job } from './job.ts';

const bench = await Bench.open(workerData as BenchPlan);
parentPort!.on('message', ({ at, job }: { at: number; job: Job }) => parentPort!.postMessage({ at, outcome: bench.run(job) }));
parentPort!.postMessage('ready');
