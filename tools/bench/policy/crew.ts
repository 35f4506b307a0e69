import { Worker } from 'node:worker_threads';
import { Bench, type BenchPlan, type Job, type Outcome } from './job.ts';

export interface Crew {
  /** Outcomes in the order of the jobs, whoever did them and whenever: the same on one thread as on many. Null: the recordings have no task for that regime. */
  run(jobs: readonly Job[], onDone?: (done: number) => void): Promise<(Outcome | null)[]>;
  close(): Promise<void>;
}

export async function openCrew(plan: BenchPlan, threads: number): Promise<Crew> {
  if (threads === 1) return here(plan);
  const workers = Array.from({ length: threads }, () => new Worker(new URL('./job-thread.ts', import.meta.url), { workerData: plan }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  return {
    async run(jobs, onDone) {
      const outcomes: (Outcome | null)[] = Array.from({ length: jobs.length }, () => null);
      let next = 0, done = 0;
      await Promise.all(workers.map(async (worker) => {
        while (next < jobs.length) {
          const at = next++;
          const answer = once(worker, 'message');
          worker.postMessage({ at, job: jobs[at] });
          outcomes[at] = ((await answer) as { outcome: Outcome | null }).outcome;
          onDone?.(++done);
        }
      }));
      return outcomes;
    },
    async close() { await Promise.all(workers.map((worker) => worker.terminate())); },
  };
}

async function here(plan: BenchPlan): Promise<Crew> {
  const bench = await Bench.open(plan);
  return {
    async run(jobs, onDone) {
      return jobs.map((job, i) => {
        const outcome = bench.run(job);
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
