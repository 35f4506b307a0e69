import { Worker } from 'node:worker_threads';
import { Bench, type BenchPlan, type Job, type Outcome } from './job.ts';

export interface Crew<A = Job, B = Outcome> {
  /** Outcomes in the order of the jobs, whoever did them and whenever: the same on one thread as on many. Null: the recordings have no task for it. */
  run(jobs: readonly A[], onDone?: (done: number) => void): Promise<(B | null)[]>;
  close(): Promise<void>;
}

export async function openCrew(plan: BenchPlan, threads: number): Promise<Crew> {
  if (threads > 1) return threadsOf(new URL('./job-thread.ts', import.meta.url), plan, threads);
  const bench = await Bench.open(plan);
  return here((job) => bench.run(job));
}

/** `file`: a module that says that it is ready, then answers `{ at, job }` by `{ at, outcome }`. */
export async function threadsOf<A, B>(file: URL, plan: unknown, threads: number): Promise<Crew<A, B>> {
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: plan }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  return {
    async run(jobs, onDone) {
      const outcomes: (B | null)[] = Array.from({ length: jobs.length }, () => null);
      let next = 0, done = 0;
      await Promise.all(workers.map(async (worker) => {
        while (next < jobs.length) {
          const at = next++;
          const answer = once(worker, 'message');
          worker.postMessage({ at, job: jobs[at] });
          outcomes[at] = ((await answer) as { outcome: B | null }).outcome;
          onDone?.(++done);
        }
      }));
      return outcomes;
    },
    async close() { await Promise.all(workers.map((worker) => worker.terminate())); },
  };
}

/** All jobs on this thread, one after the other. */
export function here<A, B>(run: (job: A) => B | null): Crew<A, B> {
  return {
    async run(jobs, onDone) {
      return jobs.map((job, i) => {
        const outcome = run(job);
        onDone?.(i + 1);
        return outcome;
      });
    },
    async close() { /* Nothing of it is elsewhere. */ },
  };
}

/** The next message; what goes wrong in the thread goes wrong here. */
function once(worker: Worker, event: 'message'): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => { worker.off('error', onError); resolve(message); };
    const onError = (error: Error): void => { worker.off(event, onMessage); reject(error); };
    worker.once(event, onMessage);
    worker.once('error', onError);
  });
}
