import type { Interval } from '../intervals.ts';

/** A published ratio: one number, or the range that its authors give; null on both sides: they say which way, and no number. `better`: the way. */
export interface Claimed { readonly from: number | null; readonly to: number | null; readonly isMore: boolean }

export type Verdict = 'reproduced' | 'direction only' | 'not reproduced';

/** Beside the range by so much is still the range: the devices and the workloads are not the authors'. */
export const tolerance = 0.15;

/**
 * Of our ratio over several seeds. Inside of the range, or within the tolerance of its nearer end: reproduced; but an interval on the other side of 1 is
 * not, nor one with 1 in it where the range speaks of a difference. On the same side of 1, with an interval that leaves 1 out: direction only. Else not reproduced, a ratio that is no
 * number included.
 */
export function verdictOf({ mean, low, high }: Pick<Interval, 'mean' | 'low' | 'high'>, { from, to, isMore }: Claimed): Verdict {
  if (!Number.isFinite(mean)) return 'not reproduced';
  const isThatWay = isMore ? low > 1 : high < 1;
  if (from === null || to === null) return isThatWay ? 'direction only' : 'not reproduced';
  const isInside = mean >= from * (1 - tolerance) && mean <= to * (1 + tolerance), isOfNone = from >= 1 - tolerance && to <= 1 + tolerance;
  if (isInside && (isThatWay || (isOfNone && low <= 1 && high >= 1))) return 'reproduced';
  return isThatWay ? 'direction only' : 'not reproduced';
}
