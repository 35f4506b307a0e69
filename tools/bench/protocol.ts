import type { Work } from './scenarios.ts';

/**
 * What the bench and a subject say to each other: one JSON object a line, on the child's stdin and stdout; a subject answers every request
 * but `quit` with one reply. Anything else on stdout is a fault of the subject; what its library prints goes to stderr.
 */
export type Request =
  | { readonly op: 'open'; readonly model: string; readonly variant: string; readonly threads: number; readonly sequencesMax: number; readonly contextTokens: number }
  | ({ readonly op: 'run' } & Work)
  | { readonly op: 'quit' };

/** `rssBytes`: resident memory of the subject and its children now. */
export type Reply =
  | { readonly ok: false; readonly error: string; readonly rssBytes: number }
  | { readonly ok: true; readonly rssBytes: number; readonly about?: string; readonly steps?: readonly (readonly StepTimes[])[] };

/** One step of one trace. Seconds since the run began: when it was submitted, when the caller had each token; `cpu…`: CPU time of the subject's process at these moments. */
export interface StepTimes {
  readonly submitS: number; readonly times: readonly number[]; readonly tokens: readonly number[];
  readonly cpuSubmitS: number; readonly cpuFirstS: number; readonly cpuEndS: number;
}
