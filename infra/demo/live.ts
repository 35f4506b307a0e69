import type { Usage } from '../../schemas/messages.ts';
import { columns, seconds } from './print.ts';
import type { Conversation } from './reviewer.ts';
import type { Watch } from './watch.ts';

const drawMs = 250;
const newsMs = 10_000;

/** Shows a run while it runs: a table drawn over itself on a terminal, a line now and then elsewhere. */
export class Live {
  readonly #out: NodeJS.WriteStream;
  readonly #conversations: readonly Conversation[];
  readonly #watch: Watch;
  readonly #startedAtMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #drawnLines = 0;
  #isStopped = false;

  constructor(out: NodeJS.WriteStream, conversations: readonly Conversation[], watch: Watch) {
    this.#out = out;
    this.#conversations = conversations;
    this.#watch = watch;
    this.#timer = setInterval(() => this.#show(), out.isTTY ? drawMs : newsMs);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#show();
  }

  #show(): void {
    if (!this.#out.isTTY) { this.#out.write(`${this.#news()}\n`); return; }
    const width = this.#out.columns || 120;
    const lines = [this.#news(), ...liveTable(this.#conversations, this.#watch)].slice(0, (this.#out.rows || 40) - 1).map((line) => line.slice(0, width - 1));
    // Up to where the last drawing began, then everything from there on anew.
    this.#out.write(`${this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : ''}\r\x1b[J${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  #news(): string {
    const states = new Map<string, number>();
    for (const { trace } of this.#conversations) {
      const state = this.#watch.transitions.get(trace)?.to ?? 'starting';
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    const { demoted, recalled, evicted } = this.#watch.blocks();
    const used = this.#watch.workers().map((load) => `${load.hbmUsed}/${load.hbmBlocks}`).join(' ');
    const steps = this.#conversations.reduce((sum, { answers }) => sum + answers.length, 0);
    return `${seconds(performance.now() - this.#startedAtMs).padStart(8)}  ${steps} steps answered; ${[...states].map(([state, count]) => `${count} ${state}`).join(', ')}; blocks in hbm ${used}; demoted ${demoted}, recalled ${recalled}, evicted ${evicted}`;
  }
}

/** One line per agent, in the order in which they began. */
export function liveTable(conversations: readonly Pick<Conversation, 'label' | 'kind' | 'trace'>[], watch: Pick<Watch, 'transitions' | 'findHeld'>): string[] {
  return columns([
    ['agent', 'by', 'trace', 'state', 'step', 'hit', 'recalled', 'computed', 'worker', 'prefix in'],
    ...conversations.map(({ label, kind, trace }) => {
      const seen = watch.transitions.get(trace);
      const { hit, recalled, computed }: Usage = seen?.usage ?? { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 };
      return [label, kind, trace || '-', seen?.to ?? 'starting', String(seen?.seq ?? 0), String(hit), String(recalled), String(computed), seen?.worker || '-', tierText(watch.findHeld(trace))];
    }),
  ], (column) => column < 4 || column > 7);
}

/** Where a prefix is: one tier, two, or nowhere any more. */
export function tierText(held: { readonly hbm: number; readonly dram: number; readonly blocks: number } | null): string {
  if (held === null) return '-';
  const { hbm, dram, blocks } = held;
  const lost = blocks - hbm - dram;
  const parts = [hbm > 0 ? `hbm ${hbm}` : '', dram > 0 ? `dram ${dram}` : '', lost > 0 ? `gone ${lost}` : ''].filter((part) => part !== '');
  return parts.join(' + ') || '-';
}
