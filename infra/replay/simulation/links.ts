import type { LinkRate, WorkerLink } from '../../../actors/control/types.ts';
import type { Due, EventQueue } from './event-queue.ts';
import { type Path, pathUpTo } from './prefix-tree.ts';
import { type Hop, type Passage, TransferLine, passageOf, take } from './transfer-line.ts';
import type { Source } from './run.ts';
import type { WorkerModel } from './worker-model.ts';

/** Between workers of one region, and of two; null: these are apart. Of each worker, one way: what it sends does not hinder what it receives. */
export interface Network { readonly near: LinkRate; readonly far: LinkRate | null }

/** Where a worker is plugged in. */
interface Port { readonly region: string; readonly sends: TransferLine; readonly receives: TransferLine }

/** Blocks `from` to `to` of a path, on their way from one worker to another. */
interface Transfer { readonly source: WorkerModel; readonly receiver: WorkerModel; readonly path: Path; readonly kept: Path; readonly from: number; readonly to: number; readonly passage: Passage; readonly due: Due; readonly onEnd: (blocks: number) => void }

/**
 * The lines between workers. A transfer takes the sender's and the receiver's line, and that between their regions where these are two, behind what goes over them
 * already; and the sender's line to nvme for what lies there. It competes with nothing else. What is on its way stays in the sender's hbm, but gives way when nothing
 * else is left there; what has not arrived by then, or when the sender is lost, does not arrive.
 */
export class Links {
  readonly #network: Network;
  readonly #events: EventQueue;
  readonly #ports = new Map<WorkerModel, Port>();
  readonly #between = new Map<string, TransferLine>();
  readonly #transfers = new Set<Transfer>();
  /** Bytes that left a worker, that arrived at one, and that were on their way when either was lost; and blocks that arrived. */
  readonly counters = { transfers: 0, sentBytes: 0, receivedBytes: 0, lostBytes: 0, blocks: 0 };

  constructor(network: Network, events: EventQueue) {
    this.#network = network;
    this.#events = events;
  }

  add(worker: WorkerModel, region: string): void {
    const { near } = this.#network;
    this.#ports.set(worker, { region, sends: new TransferLine(near), receives: new TransferLine(near) });
  }

  /** As control sees it. */
  of(worker: WorkerModel): WorkerLink {
    const { region, sends, receives } = this.#ports.get(worker)!, { nowMs } = this.#events;
    return { region, ...this.#network, sendingMs: Math.max(0, sends.freeAtMs - nowMs), receivingMs: Math.max(0, receives.freeAtMs - nowMs) };
  }

  /** What one worker can get from another. */
  source(source: WorkerModel, receiver: WorkerModel): Source {
    return {
      offer: (path, from) => {
        const { blocks, hops } = this.#offer(source, receiver, path, from), { beginMs, spanMs, latencyMs } = passageOf(hops, this.#events.nowMs);
        return { blocks, waitMs: beginMs + spanMs + latencyMs - this.#events.nowMs };
      },
      fetch: (path, from, onEnd) => this.#fetch(source, receiver, path, from, onEnd),
    };
  }

  /** Nobody hears of what was on its way to it; what was on its way from it ends with what has arrived. */
  lost(worker: WorkerModel): void {
    for (const transfer of [...this.#transfers]) {
      if (transfer.receiver === worker) this.#end(transfer, false);
      else if (transfer.source === worker) this.#end(transfer, true);
    }
  }

  /** What it sends gives way to its own runs. */
  cut(source: WorkerModel): void {
    for (const transfer of [...this.#transfers]) if (transfer.source === source) this.#end(transfer, true);
  }

  #offer(source: WorkerModel, receiver: WorkerModel, path: Path, from: number): { blocks: number; hbm: number; hops: readonly Hop[] } {
    const { hbm, dram, nvme } = source.memory.find(path), blocks = source.isAlive ? Math.max(0, hbm + dram + nvme - from) : 0, bytes = blocks * source.blockBytes;
    const sends = this.#ports.get(source)!, receives = this.#ports.get(receiver)!;
    const hops: Hop[] = [{ line: sends.sends, bytes }, { line: receives.receives, bytes }];
    if (sends.region !== receives.region) hops.push({ line: this.#lineBetween(sends.region, receives.region), bytes });
    // Which of the blocks lie there is not known: as many as there are.
    if (nvme > 0) hops.push({ line: source.lines.nvme, bytes: Math.min(nvme, blocks) * source.blockBytes });
    return { blocks, hbm, hops };
  }

  #fetch(source: WorkerModel, receiver: WorkerModel, path: Path, from: number, onEnd: (blocks: number) => void): () => void {
    const { blocks, hbm, hops } = this.#offer(source, receiver, path, from), { nowMs } = this.#events, passage = passageOf(hops, nowMs);
    take(hops, passage);
    this.counters.transfers++;
    const kept = pathUpTo(path, hbm);
    source.memory.pin(kept, nowMs);
    const transfer: Transfer = { source, receiver, path, kept, from, to: from + blocks, passage, onEnd, due: this.#events.at(passage.beginMs + passage.spanMs + passage.latencyMs, () => this.#end(transfer, true)) };
    this.#transfers.add(transfer);
    return () => this.#end(transfer, false);
  }

  #end(transfer: Transfer, isTold: boolean): void {
    const { source, path, kept, from, to, passage: { beginMs, spanMs, latencyMs }, due, onEnd } = transfer, { nowMs } = this.#events;
    if (!this.#transfers.delete(transfer)) return;
    due.isOff = true;
    const blocks = to - from, isOver = nowMs >= due.atMs;
    const sentShare = isOver ? 1 : Math.min(1, Math.max(0, (nowMs - beginMs) / spanMs)), arrivedShare = isOver ? 1 : Math.max(0, (nowMs - latencyMs - beginMs) / spanMs);
    let arrived = Math.floor(blocks * arrivedShare);
    // What went from its dram or nvme meanwhile could not be sent.
    if (isOver) { const { hbm, dram, nvme } = source.memory.find(path); arrived = Math.min(arrived, Math.max(0, hbm + dram + nvme - from)); }
    if (source.isAlive) {
      source.memory.unpin(kept, nowMs);
      this.#events.at(nowMs, () => source.lookAgain());
    }
    const sentBytes = (isOver ? arrived : blocks * sentShare) * source.blockBytes, receivedBytes = arrived * source.blockBytes;
    this.counters.sentBytes += sentBytes;
    this.counters.receivedBytes += receivedBytes;
    this.counters.lostBytes += sentBytes - receivedBytes;
    this.counters.blocks += arrived;
    if (isTold) onEnd(arrived);
  }

  #lineBetween(from: string, to: string): TransferLine {
    const name = `${from}\n${to}`;
    let line = this.#between.get(name);
    if (line === undefined) this.#between.set(name, (line = new TransferLine(this.#network.far!)));
    return line;
  }
}
