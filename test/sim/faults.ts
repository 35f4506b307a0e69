import type { Random } from './random.ts';

/** What may go wrong, as ratios in [0, 1] and bounds in milliseconds of virtual time. */
export interface Faults {
  /** One hop between a process and the server. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** A hop that takes up to `slowMsMax` longer, past deadlines, and loses its place in line. */
  readonly slow: number;
  readonly slowMsMax: number;
  /** Core messages, requests, replies, acknowledgements of tasks. */
  readonly coreDrop: number;
  readonly coreDuplicate: number;
  readonly coreReorder: number;
  /** A publish that never reaches the stream; one that does, and nobody hears of it. */
  readonly publishLost: number;
  readonly publishAnswerLost: number;
  /** A read sees the stream as it was up to `staleMsMax` ago: from a replica that is behind, */
  readonly staleRead: number;
  /** or, rarely, from a leader that was replaced and does not know it yet. */
  readonly staleLeaderRead: number;
  readonly staleMsMax: number;
  /** Shorter than the streams' own; null: as declared. */
  readonly duplicateWindowMs: number | null;
  readonly alarmLate: number;
  readonly alarmLateMsMax: number;
  /** A cancel that came too late: the alarm was already on its way. */
  readonly alarmAfterCancel: number;
  /** The server takes a dead process for living, at most this long. */
  readonly lingerMsMax: number;
  /** A lease ends later than its time, never earlier. */
  readonly leaseLateMsMax: number;
  /** Difference of a process's clock from the server's, either way. */
  readonly clockSkewMsMax: number;
}

export const noFaults: Faults = {
  delayMsMin: 0.2, delayMsMax: 1, slow: 0, slowMsMax: 0, coreDrop: 0, coreDuplicate: 0, coreReorder: 0, publishLost: 0, publishAnswerLost: 0,
  staleRead: 0, staleLeaderRead: 0, staleMsMax: 0, duplicateWindowMs: null, alarmLate: 0, alarmLateMsMax: 0, alarmAfterCancel: 0, lingerMsMax: 0, leaseLateMsMax: 0, clockSkewMsMax: 0,
};

/** Every seed has its own mixture: some faults off, some rare, some frequent, so that one does not hide another. */
export function drawFaults(random: Random): Faults {
  const ratio = (often: number): number => (random.chance(0.4) ? 0 : random.fraction() ** 2 * often);
  return {
    delayMsMin: 0.2, delayMsMax: random.pick([1, 5, 40]),
    slow: ratio(0.05), slowMsMax: random.pick([500, 3_000, 8_000]),
    coreDrop: ratio(0.2), coreDuplicate: ratio(0.2), coreReorder: ratio(0.2),
    publishLost: ratio(0.1), publishAnswerLost: ratio(0.15),
    staleRead: ratio(0.4), staleLeaderRead: ratio(0.1), staleMsMax: random.pick([20, 200, 1_000]),
    duplicateWindowMs: random.pick([null, null, 0, 500]),
    alarmLate: ratio(0.3), alarmLateMsMax: random.pick([5, 100, 700]), alarmAfterCancel: ratio(0.5),
    lingerMsMax: random.pick([0, 100, 1_500]), leaseLateMsMax: random.pick([0, 300, 1_000]), clockSkewMsMax: random.pick([0, 5, 50]),
  };
}
