/** Every bound and every deadline of the fleet, in one place. Durations in milliseconds. */
export const limits = {
  /** Partitions of traces in a region; part of every trace id, so it can not change while traces live. */
  partitions: 64,
  leaseTtlMs: 2_000,
  leaseRenewMs: 600,
  beatMs: 250,
  /** A node whose last beat is older is lost. */
  beatLostMs: 1_000,
  tickMs: 50,
  /** An order is answered within this, or the worker counts as silent. */
  orderMs: 1_000,
  /** Who a step is, is asked this long: a takeover fits (a lease's life, a round of its takers, the loading), and a client that takes 5 s for silence does not ask elsewhere. */
  whoMs: 4_000,
  /** One such question. */
  whoAskMs: 1_000,
  publishMs: 5_000,
  checkpointMs: 1_000,
  /** Longest life of one attempt, and how many attempts a step gets. */
  attemptMs: 120_000,
  attemptsMax: 6,
  stepDeadlineMs: 600_000,
  /** A pin that is not ordered again ends: nobody may be left who would end it. A trace repeats its own more often. */
  pinMs: 60_000,
  pinRepeatMs: 20_000,
  /** A trace that nobody extends for this long is over. */
  idleMs: 600_000,
  /** Steps that wait for a worker, per conductor; above it a step is deferred. */
  waitingMax: 4_096,
  /** A step that waited so long, a tenth of its usual deadline, claims room on a worker. Below it a queue is a queue: on a small CPU steps take ten seconds, and a worker that drains for one of them is a loss for all. */
  claimAfterMs: 60_000,
  gatewayStepsMax: 4_096,
  sideCallsMax: 8,
  childrenMax: 10_000,
  /** Waiting steps that one control tick looks at. */
  candidatesMax: 256,
  /** Events waiting in one trace's mailbox. */
  mailboxMax: 1_024,
  stepBytesMax: 1_000_000,
  /** Life of a page in its stream, and when one that is still in use is stored again: long before. */
  pageAgeMs: 72 * 3_600_000,
  pageAgainMs: 3_600_000,
  /** Parts of a snapshot of a node's blocks, and names in a part (16 bytes each) above which it ends: a reply may have 1 MiB. */
  snapshotPartsMax: 1_024,
  snapshotNames: 16_384,
  lanesMax: 4_096,
} as const;
