import type { Fleet } from './fleet.ts';
import type { Random } from './random.ts';

/** What happens to processes until the world heals: crashes with a restart, pauses past every lease, a server that dies, ends in peace. */
export class Chaos {
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #endMs: number;
  readonly #everyMs: number;
  readonly #weights: readonly (readonly ['crash' | 'pause' | 'server' | 'close', number])[];
  readonly #down = new Set<string>();

  constructor(fleet: Fleet, random: Random, chaosMs: number) {
    this.#fleet = fleet;
    this.#random = random;
    this.#endMs = fleet.world.now + chaosMs;
    this.#everyMs = random.pick([1_000, 2_500, 6_000]);
    this.#weights = [['crash', random.below(5)], ['pause', random.below(5)], ['server', random.below(2)], ['close', random.below(2)]];
    this.#next();
  }

  #next(): void {
    const { world } = this.#fleet;
    const afterMs = 200 + this.#random.fraction() * 2 * this.#everyMs;
    if (world.now + afterMs >= this.#endMs) return;
    world.after(afterMs, 'chaos', () => { this.#strike(); this.#next(); });
  }

  #strike(): void {
    const total = this.#weights.reduce((sum, [, weight]) => sum + weight, 0);
    if (total === 0) return;
    let left = this.#random.below(total);
    const [what] = this.#weights.find(([, weight]) => (left -= weight) < 0)!;
    const { world, server } = this.#fleet;
    this.#fleet.struck[what]++;
    if (what === 'server') { if (server.isUp) server.restart(100 + this.#random.fraction() * 4_000); return; }
    const standing = this.#fleet.names.filter((name) => !this.#down.has(name));
    if (standing.length === 0) return;
    const name = this.#random.pick(standing);
    if (what === 'pause') {
      world.process(name)?.pause();
      world.after(50 + this.#random.fraction() ** 2 * 9_000, `resume ${name}`, () => world.process(name)?.resume());
      return;
    }
    this.#down.add(name);
    const restart = (): void => {
      world.after(this.#random.fraction() ** 2 * 5_000, `restart ${name}`, () => {
        if (this.#fleet.healedAtMs !== null) return; // It was started then.
        this.#fleet.crash(name);
        this.#fleet.start(name);
        this.#down.delete(name);
      });
    };
    if (what === 'crash' || name.startsWith('g')) this.#fleet.crash(name);
    else void this.#fleet.close(name);
    restart();
  }
}
