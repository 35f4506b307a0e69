/** One thread of a crew that reconstructs published set-ups, one job at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { type PublishedJob, type Recordings, runPublished } from './job.ts';

parentPort!.on('message', ({ at, job }: { at: number; job: PublishedJob }) => parentPort!.postMessage({ at, outcome: runPublished(job, workerData as Recordings) }));
parentPort!.postMessage('ready');
