import { type Directory, type DirectoryEvent, blockDirectory, emptyDirectory } from '../../actors/block/block.ts';
import { lookup } from '../../actors/block/lookup.ts';
import { nameBytes } from '../../actors/lib/chain.ts';
import { limits } from '../../actors/lib/limits.ts';
import type { Instant } from '../../actors/lib/logic.ts';
import type { Message, Subscription } from '../../actors/lib/ports.ts';
import { sumBills } from '../../actors/ledger/sum.ts';
import { fromSaved } from '../../actors/trace/saved.ts';
import { type Fault, decodeBeat, decodeBill, decodeBlockEvents, decodeEvt, decodeInbox, decodeSavedTrace, encodeSnapshotAsked } from '../../schemas/codec.ts';
import type { Bill, BillRow, BlockChain, Decision, Outcome, TransitionEvent, Usage, WorkerLoad } from '../../schemas/messages.ts';
import type { BlockTotals } from '../../schemas/report.ts';
import { type Subjects, subjects } from '../../schemas/subjects.ts';
import { NatsBus } from '../nats/bus.ts';
import { type Connection, connect } from '../nats/connect.ts';
import { streamTable } from '../nats/streams.ts';

const decisionsMax = 100_000;

/** A trace as its conductor saved it. */
export interface SavedView { readonly state: string; readonly outcome: Outcome | null; readonly parent: string | null; readonly steps: number; readonly usage: Usage; readonly acceleratorMs: number }
/** How much of a trace's latest prefix its worker has, in blocks. */
export interface Held { readonly hbm: number; readonly dram: number; readonly blocks: number }

/** What the fleet says of itself on the bus, beside what its harness measures: transitions, blocks, counters, bills. */
export class Watch {
  readonly transitions = new Map<string, TransitionEvent>();
  /** Every decision with its reason, in order, up to a bound. */
  readonly decisions: Decision[] = [];
  readonly #connection: Connection;
  readonly #bus: NatsBus;
  readonly #subjects: Subjects;
  readonly #subscriptions: Subscription[];
  readonly #directory: Directory = emptyDirectory();
  readonly #chains = new Map<string, { readonly worker: string; readonly chain: BlockChain }>();
  /** The last beat of every life of every worker: a process that died took its counters with it. */
  readonly #loads = new Map<string, WorkerLoad>();
  readonly #bills: Bill[] = [];

  private constructor(connection: Connection, bus: NatsBus, region: string) {
    this.#connection = connection;
    this.#bus = bus;
    this.#subjects = subjects(region);
    const { evts, inboxes, bills, beats, kvs } = this.#subjects;
    this.#subscriptions = [
      bus.listen(beats, read(decodeBeat, (beat) => {
        if (beat.worker === null) return;
        this.#loads.set(`${beat.node} ${beat.epoch}`, beat.worker);
        this.#stepDirectory({ kind: 'nodeSeen', node: beat.node, epoch: beat.epoch });
      })),
      bus.listen(kvs, read(decodeBlockEvents, (batch) => this.#stepDirectory({ kind: 'blocks', batch }))),
      bus.readLog('evt', evts, 1, read(decodeEvt, (evt) => {
        if (evt.kind === 'transition') this.transitions.set(evt.trace, evt);
        else if (this.decisions.length < decisionsMax) this.decisions.push(evt);
      })),
      bus.readLog('in', inboxes, 1, read(decodeInbox, (entry) => { if (entry.kind === 'stepEnded') this.#chains.set(entry.trace, { worker: entry.worker, chain: entry.chain }); })),
      bus.readLog('bill', bills, 1, read(decodeBill, (bill) => { this.#bills.push(bill); })),
    ];
  }

  /** Rejects with one line when NATS is not there. The fleet's streams must exist. */
  static async open(natsUrl: string, region: string): Promise<Watch> {
    const connected = await connect({ servers: natsUrl, name: 'demo-watch', deadlineMs: 10_000 });
    if (!connected.ok) throw new Error(connected.message);
    return new Watch(connected.connection, await NatsBus.open(connected.connection, streamTable(region)), region);
  }

  /** Of every worker that was seen, its latest word. */
  workers(): readonly WorkerLoad[] { return [...new Map([...this.#loads].map(([key, load]) => [key.slice(0, key.indexOf(' ')), load])).values()]; }

  blocks(): BlockTotals {
    const sum = (of: keyof WorkerLoad['counters']): number => [...this.#loads.values()].reduce((total, { counters }) => total + counters[of], 0);
    return { demoted: sum('demotedBlocks'), recalled: sum('recalledBlocks'), migrated: sum('migratedBlocks'), evicted: sum('evictedBlocks') };
  }

  bills(): ReadonlyMap<string, BillRow> { return sumBills(this.#bills); }

  /** Null: no step of the trace has ended yet. */
  findHeld(trace: string): Held | null {
    const known = this.#chains.get(trace);
    if (known === undefined) return null;
    const holding = lookup(this.#directory, known.chain).find(({ node }) => node === known.worker);
    return { hbm: holding?.hbm ?? 0, dram: holding?.dram ?? 0, blocks: known.chain.length / nameBytes };
  }

  /** What is saved of every trace now: the truth, where events are only news. Rejects with BusFault. */
  async saved(): Promise<ReadonlyMap<string, SavedView>> {
    const views = new Map<string, SavedView>();
    for (const entry of await this.#bus.loadLast('state', this.#subjects.states)) {
      const record = decodeSavedTrace(entry.bytes);
      const saved = record.kind === 'fault' ? record : fromSaved(record);
      if ('kind' in saved) continue;
      const { value, context } = saved.actor;
      views.set(context.trace, { state: value, outcome: context.outcome, parent: context.parent, steps: context.stepsDone, usage: context.usage, acceleratorMs: context.attainedMs });
    }
    return views;
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.stop();
    this.#bus.close();
    await this.#connection.close();
  }

  #stepDirectory(event: DirectoryEvent): void {
    for (const effect of blockDirectory.step(this.#directory, event, Date.now() as Instant).effects) {
      if (effect.kind !== 'snapshotWanted') continue;
      void this.#bus.request(this.#subjects.snapshot(effect.node), encodeSnapshotAsked({ kind: 'snapshotAsked', from: effect.from }), limits.orderMs).then((bytes) => {
        const batch = bytes === null ? null : decodeBlockEvents(bytes);
        if (batch !== null && batch.kind !== 'fault') this.#stepDirectory({ kind: 'blocks', batch });
      });
    }
  }
}

/** What cannot be read was not meant for us. */
const read = <T extends { readonly kind: string }>(decode: (bytes: Uint8Array) => T | Fault, take: (value: T) => void) => ({ bytes }: Pick<Message, 'bytes'>): void => {
  const value = decode(bytes);
  if (value.kind !== 'fault') take(value as T);
};
