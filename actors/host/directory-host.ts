import { decodeBlockEvents, encodeSnapshotAsked } from '../../schemas/codec.ts';
import type { BlockChain } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { type Directory, type DirectoryEvent, blockDirectory, emptyDirectory } from '../block/block.ts';
import { lookup } from '../block/lookup.ts';
import type { Held } from '../control/types.ts';
import { blockTokens } from '../lib/chain.ts';
import { limits } from '../lib/limits.ts';
import type { Ports } from '../lib/ports.ts';

/** Hosts the block directory: what it hears, and the snapshots that it asks nodes for when it missed something. */
export class DirectoryHost {
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  readonly #onFault: (message: string) => void;
  readonly #directory: Directory = emptyDirectory();

  constructor(ports: Ports, subjects: Subjects, onFault: (message: string) => void) {
    this.#ports = ports;
    this.#subjects = subjects;
    this.#onFault = onFault;
  }

  get nodes(): number { return this.#directory.nodes.size; }

  hear(bytes: Uint8Array): void {
    const batch = decodeBlockEvents(bytes);
    if (batch.kind !== 'fault') this.step({ kind: 'blocks', batch });
  }

  step(event: DirectoryEvent): void {
    for (const effect of blockDirectory.step(this.#directory, event, this.#ports.clock.now()).effects) {
      if (effect.kind === 'snapshotWanted') void this.#snapshot(effect.node, effect.from);
      else this.#onFault(effect.message);
    }
  }

  /** How much of a prompt each node has, in tokens by tier. */
  held(chain: BlockChain): readonly Held[] {
    return lookup(this.#directory, chain).map(({ node, hbm, dram }) => ({ worker: node, hbmTokens: hbm * blockTokens, dramTokens: dram * blockTokens }));
  }

  async #snapshot(node: string, from: number): Promise<void> {
    const answer = await this.#ports.bus.request(this.#subjects.snapshot(node), encodeSnapshotAsked({ kind: 'snapshotAsked', from }), limits.orderMs);
    if (answer !== null) this.hear(answer);
  }
}
