/** Highest attempt of each step that was ordered lately. A step forgotten here is fenced by its trace, which answers once. */
export type Attempts = Map<string, Known>;

export interface Known { readonly attempt: number; /** Cancelled, perhaps before its order came. */ readonly isCancelled: boolean }

export const stepsMax = 8_192;

/** The latest last, so that the first ones are the oldest. */
export function know(attempts: Attempts, step: string, known: Known): void {
  attempts.delete(step);
  attempts.set(step, known);
  if (attempts.size > stepsMax) for (const oldest of attempts.keys()) { attempts.delete(oldest); break; }
}
