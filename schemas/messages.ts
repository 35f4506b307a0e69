/**
 * Every message of the fleet as a read-only union with `kind`. `codec.ts` is the border between these and bytes;
 * `slackwater/v1/*.proto` is their declaration on the wire. Times are milliseconds since the epoch (`…AtMs`) or
 * durations (`…Ms`), sizes bytes, money US dollars, tokens tokens.
 */

/** `tr_<2 digits of partition><hash>`: matches [A-Za-z0-9_-]{1,64}. */
export type TraceId = string;
/** `<trace>/<number>` on the main chain, `<trace>/s<number>` for a side call. */
export type StepId = string;
/** n packed block names of 16 bytes each, in order of position. */
export type BlockChain = Uint8Array;

export type StepClass = 'interactive' | 'agent' | 'background';
export type Finish = 'stop' | 'length' | 'tool_calls' | 'cancelled';
export type TraceState = 'running' | 'toolGap' | 'fanOut' | 'resumed' | 'done';
export type Outcome = 'finished' | 'abandoned' | 'failed' | 'cancelled';
export type Tier = 'hbm' | 'dram';
export type Retry = 'never' | 'later' | 'elsewhere';

/** A prompt, content-addressed: names of full pages of 4,096 token ids (`ctx` stream), and what follows the last of them. */
export interface PromptRef {
  /** Hex names; a page is named by its last block. */
  readonly pages: readonly string[];
  /** Fewer than 4,096 ids. */
  readonly tail: Int32Array;
  /** Names of the tail's full blocks. */
  readonly tailChain: BlockChain;
  /** Whole prompt. */
  readonly tokens: number;
}

export interface Page {
  readonly kind: 'page';
  /** Hex name of the page before, '' for the first. */
  readonly parent: string;
  readonly tokens: Int32Array; // exactly 4,096
  readonly chain: BlockChain; // exactly 64 names
}

/** Token ids that a message was generated as, kept under the hash of the message chain they became. */
export interface Splice { readonly kind: 'splice'; readonly tokens: Int32Array }

export interface Sampling {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  /** Fixed when the step is accepted, so that every attempt draws the same tokens. */
  readonly seed: bigint;
  readonly stop: readonly string[];
  /** Alternatives to report per token; -1: none at all. */
  readonly logprobs: number;
}

export interface Identity { readonly how: 'explicit' | 'inferred' | 'new'; readonly confidence: number }

// ---- what drives a trace: the inbox, `in.<p>.<trace>` ----

export type InboxEvent = StepAccepted | StepEnded | StepFailed | StepCancelled | ChildStarted | ChildEnded | EndAsked;

export interface StepAccepted {
  readonly kind: 'stepAccepted';
  readonly trace: TraceId;
  readonly step: StepId;
  /** Idempotency key given by the harness, or minted by the gateway. */
  readonly id: string;
  readonly tenant: string;
  readonly parent: TraceId | null;
  readonly lane: 'main' | 'side';
  /** Position in the main chain, counted from 1; a side call has the one it hangs on. */
  readonly seq: number;
  /** The harness gave `seq` itself: then a gap or a repetition is refused. */
  readonly isSeqGiven: boolean;
  readonly model: string;
  readonly prompt: PromptRef;
  /** Hash of the prompt's message chain: what identity recognises the next step by. */
  readonly messageChain: string;
  readonly sampling: Sampling;
  readonly class: StepClass;
  readonly deadlineMs: number;
  readonly identity: Identity;
  readonly atMs: number;
}

/** The worker's report: durable, and the answer itself. Of an attempt that was stopped (`cancelled`) it says what was spent. */
export interface StepEnded {
  readonly kind: 'stepEnded';
  readonly trace: TraceId;
  readonly step: StepId;
  readonly attempt: number;
  readonly worker: string;
  readonly tokens: Int32Array;
  readonly finish: Finish;
  readonly usage: Usage;
  readonly timing: Timing;
  readonly acceleratorMs: number;
  readonly logprobs: readonly TokenLogprob[];
  /** Full blocks of prompt and generation: what the trace's prefix is now. */
  readonly chain: BlockChain;
}

export interface StepFailed {
  readonly kind: 'stepFailed';
  readonly trace: TraceId;
  readonly step: StepId;
  readonly attempt: number;
  readonly worker: string;
  readonly code: string;
  readonly message: string;
  readonly retry: Retry;
  /** What the attempt took before it failed; 0: nothing, or not known. */
  readonly acceleratorMs: number;
}

/** The harness no longer wants the step. */
export interface StepCancelled { readonly kind: 'stepCancelled'; readonly trace: TraceId; readonly step: StepId; readonly reason: string }
export interface ChildStarted { readonly kind: 'childStarted'; readonly trace: TraceId; readonly child: TraceId }
export interface ChildEnded { readonly kind: 'childEnded'; readonly trace: TraceId; readonly child: TraceId; readonly outcome: Outcome }
export interface EndAsked { readonly kind: 'endAsked'; readonly trace: TraceId; readonly outcome: Outcome; readonly reason: string }

export interface Usage { readonly prompt: number; readonly hit: number; readonly recalled: number; readonly computed: number; readonly generated: number }
export interface Timing { readonly queuedMs: number; readonly recallMs: number; readonly firstTokenMs: number; readonly totalMs: number }
export interface TokenLogprob { readonly token: number; readonly logprob: number; readonly top: readonly { readonly token: number; readonly logprob: number }[] }

/** Core message of a worker to the trace's conductor, `now.<p>.<trace>`: shows, never decides; may be lost. */
export interface FirstToken { readonly kind: 'firstToken'; readonly trace: TraceId; readonly step: StepId; readonly attempt: number; readonly hit: number; readonly recalled: number; readonly computed: number }

// ---- conductor → worker: `order.<worker>`, request/reply ----

/** Carried by every order: the fence against an owner that was replaced. */
export interface Fence { readonly partition: number; readonly epoch: number }

export type Order = (RunOrder | CancelOrder | GapOrder | PinOrder | UnpinOrder | DropOrder) & { readonly fence: Fence };

export interface RunOrder {
  readonly kind: 'run';
  readonly trace: TraceId;
  readonly step: StepId;
  readonly attempt: number;
  readonly lane: string;
  readonly tenant: string;
  readonly model: string;
  readonly prompt: PromptRef;
  readonly sampling: Sampling;
  /** Expected remaining seconds of the trace, aged; smaller runs first. */
  readonly priority: number;
}
export interface CancelOrder { readonly kind: 'cancel'; readonly trace: TraceId; readonly step: StepId; readonly attempt: number }
/** A tool gap opened: demote the trace's blocks after `demoteAfterMs`, recall them `recallAfterMs` after the gap's start; null: not at all. A run of the trace cancels both. */
export interface GapOrder { readonly kind: 'gap'; readonly trace: TraceId; readonly lane: string; readonly keepValue: number; readonly demoteAfterMs: number | null; readonly recallAfterMs: number | null }
export interface PinOrder { readonly kind: 'pin'; readonly trace: TraceId; readonly lane: string; readonly tier: Tier }
export interface UnpinOrder { readonly kind: 'unpin'; readonly trace: TraceId; readonly lane: string }
export interface DropOrder { readonly kind: 'drop'; readonly trace: TraceId; readonly lane: string }

export type OrderReply =
  | { readonly kind: 'granted'; readonly workerEpoch: number }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string; readonly retry: Retry };

export type RefusalCode = 'worker_full' | 'old_attempt' | 'old_epoch' | 'unknown_model' | 'context_length' | 'arena_too_small' | 'page_missing' | 'closing' | 'bad_order';

// ---- liveness and memory ----

/** `beat.<node>`, core, every 250 ms and when capacity was freed. */
export interface Beat {
  readonly kind: 'beat';
  readonly node: string;
  readonly role: 'worker' | 'conductor' | 'gateway';
  /** Grows with each start of the process. */
  readonly epoch: number;
  readonly seq: number;
  readonly atMs: number;
  readonly worker: WorkerLoad | null;
  /** Of a conductor: what it wants a worker to keep free. */
  readonly claim: Claim | null;
}

/** Room that a worker is to keep for a step that waited too long. The oldest claim on a worker counts. */
export interface Claim {
  readonly worker: string;
  readonly step: string;
  readonly blocks: number;
  /** When the step was accepted. */
  readonly sinceMs: number;
}

export interface WorkerLoad {
  readonly model: string;
  /** Hex sha256 of the weights' file. */
  readonly weights: string;
  /** Determines a block's bytes beside its tokens: only workers of one domain could exchange blocks. */
  readonly numerics: string;
  readonly contextLength: number;
  readonly blockBytes: number;
  readonly device: string;
  readonly runsMax: number;
  readonly running: number;
  readonly waiting: number;
  /** hbm blocks in all, and those not promised to granted runs or pinned. */
  readonly hbmBlocks: number;
  readonly hbmGrantable: number;
  readonly hbmUsed: number;
  readonly dramBlocks: number;
  readonly dramUsed: number;
  readonly prefillTokensPerS: number;
  readonly decodeTokensPerS: number;
  readonly recallBytesPerS: number;
  /** Prompt tokens that granted runs have still to compute. */
  readonly backlogTokens: number;
  readonly counters: WorkerCounters;
}

export interface WorkerCounters {
  readonly demotedBlocks: number;
  readonly recalledBlocks: number;
  readonly evictedBlocks: number;
  readonly migratedBlocks: number;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  readonly iterations: number;
  readonly busyMs: number;
}

/** `snapshot.<node>`, request, for one part: `from` is 0, or `next` of the part before. */
export interface SnapshotAsked { readonly kind: 'snapshotAsked'; readonly from: number }

/**
 * `kv.<node>`, core, batched; also the answer to a snapshot request on `snapshot.<node>` (then `isSnapshot`): what is held
 * of the names between two places in an order that only the node knows. Each part stands at the `seq` of its own moment;
 * all parts, and then all batches after the smallest of these, applied in order, are what is held: a batch that a part
 * contains already changes nothing that a later one does not decide.
 */
export interface BlockEvents {
  readonly kind: 'blockEvents';
  readonly node: string;
  readonly epoch: number;
  /** Of the last event contained; grows by one per batch. A gap calls for a snapshot. */
  readonly seq: number;
  readonly isSnapshot: boolean;
  readonly events: readonly { readonly op: 'stored' | 'removed'; readonly tier: Tier; readonly chain: BlockChain }[];
  /** Of a snapshot: which part it is, and where the next one begins (0: there is none). Both 0 in a batch. */
  readonly from: number;
  readonly next: number;
}

// ---- what gateways read: `out.<step>` ----

export type Out = AttemptStarted | DeltaOut | ResultOut | FailedOut;

/** From here on only this attempt's deltas count. */
export interface AttemptStarted { readonly kind: 'attemptStarted'; readonly step: StepId; /** Whose step it is, by its idempotency key: somebody else may have been given the same place, and reads along. */ readonly id: string; readonly attempt: number; readonly worker: string }
export interface DeltaOut { readonly kind: 'delta'; readonly step: StepId; readonly attempt: number; readonly offset: number; readonly tokens: Int32Array; readonly logprobs: readonly TokenLogprob[] }
export interface ResultOut {
  readonly kind: 'result';
  readonly step: StepId;
  readonly id: string;
  readonly attempt: number;
  readonly worker: string;
  readonly tokens: Int32Array;
  readonly finish: Finish;
  readonly usage: Usage;
  readonly timing: Timing;
  readonly costUsd: number;
  readonly logprobs: readonly TokenLogprob[];
}
/**
 * The end of a step without an answer: refused by the trace, or failed for good. `retry: 'later'` is worth another try as
 * a new step, under a new id and (for who numbers steps) the seq that comes next; the old id is told the same end again.
 */
export interface FailedOut { readonly kind: 'failed'; readonly step: StepId; readonly id: string; readonly code: string; readonly message: string; readonly retry: Retry; readonly limit: number | null; readonly got: number | null }

// ---- identity: `who.<p>`, request/reply ----

export interface Who {
  readonly kind: 'who';
  readonly tenant: string;
  readonly model: string;
  readonly id: string;
  /** Given by the harness; already hashed into our ids. */
  readonly trace: TraceId | null;
  readonly parent: TraceId | null;
  readonly seq: number | null;
  /** h_1 … h_n of the message chain, hex. */
  readonly chain: readonly string[];
}

export interface WhoReply {
  readonly kind: 'whoReply';
  readonly trace: TraceId;
  readonly parent: TraceId | null;
  readonly step: StepId;
  readonly seq: number;
  readonly lane: 'main' | 'side';
  readonly identity: Identity;
  /** The same `id` was accepted before: this is its step, nothing new may be published. */
  readonly isKnown: boolean;
}

// ---- decisions, transitions, bills ----

export interface Decision {
  readonly kind: 'decision';
  readonly atMs: number;
  readonly trace: TraceId;
  readonly step: StepId;
  readonly what: 'place' | 'order' | 'demote' | 'recall' | 'pin' | 'unpin' | 'evict' | 'gang' | 'migrate' | 'defer' | 'regime';
  readonly choice: string;
  readonly policy: string;
  readonly regime: string;
  readonly why: string;
  readonly alternatives: readonly { readonly choice: string; readonly score: number }[];
  readonly forecast: { readonly resumeP50Ms: number; readonly resumeP95Ms: number } | null;
  readonly outcome: { readonly firstTokenMs: number; readonly promisedMs: number } | null;
}

/** `evt.<p>.<trace>`: what a live table shows. */
export interface TransitionEvent {
  readonly kind: 'transition';
  readonly atMs: number;
  readonly trace: TraceId;
  readonly tenant: string;
  readonly parent: TraceId | null;
  readonly from: TraceState | 'start';
  readonly to: TraceState;
  readonly step: StepId;
  readonly seq: number;
  readonly worker: string;
  readonly usage: Usage;
  readonly outcome: Outcome | null;
}

export type Evt = Decision | TransitionEvent;

/** `bill.<p>`: the ledger of a partition up to and including inbox sequence `cursor`. */
export interface Bill {
  readonly kind: 'bill';
  readonly partition: number;
  readonly epoch: number;
  readonly cursor: number;
  readonly rows: readonly BillRow[];
}

export interface BillRow {
  readonly trace: TraceId;
  readonly tenant: string;
  readonly steps: number;
  readonly usage: Usage;
  readonly acceleratorMs: number;
  readonly costUsd: number;
}

/** `state.<p>.<trace>`: what survives a crash. JSON inside, because it is private to conductors and upcast by version. */
export interface SavedTrace {
  readonly kind: 'savedTrace';
  /** Of the owner that saved it. */
  readonly epoch: number;
  /** Counts saves, so that an owner can tell its own lost acknowledgement from somebody else's save. */
  readonly saves: number;
  /** Stream sequence of the last inbox entry contained. */
  readonly cursor: number;
  readonly machine: string;
  readonly version: number;
  readonly value: TraceState;
  readonly contextJson: string;
  readonly outboxJson: string;
  readonly timers: readonly SavedTimer[];
}

export interface SavedTimer { readonly id: string; readonly generation: number; readonly dueAtMs: number }

/** `state.<p>._checkpoint`: every inbox entry up to `cursor` is applied. */
export interface Checkpoint { readonly kind: 'checkpoint'; readonly epoch: number; readonly cursor: number }
