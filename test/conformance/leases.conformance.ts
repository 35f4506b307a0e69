import { describe, expect, test } from 'vitest';
import type { Rig, Stage } from './stage.ts';

/** One holder of a key at a time, and an epoch that no two acquisitions share. */
export function leasesConformance(name: string, rig: Rig): void {
  const it = (title: string, body: (stage: Stage) => Promise<void>): void => { test(title, () => rig.play(body)); };

  describe(`${name}: leases`, () => {
    it('acquire: the first has it, the second is refused, holders names the first', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const lease = await a.leases.acquire('p-1', 'conductor-a', 2_000);
      expect([lease?.key, lease?.holder]).toEqual(['p-1', 'conductor-a']);
      expect(await b.leases.acquire('p-1', 'conductor-b', 2_000)).toBeNull();
      expect(await a.leases.acquire('p-1', 'conductor-a', 2_000)).toBeNull();
      expect(await b.leases.acquire('p-2', 'conductor-b', 2_000)).not.toBeNull();
      expect(new Map([...await b.leases.holders()].toSorted())).toEqual(new Map([['p-1', 'conductor-a'], ['p-2', 'conductor-b']]));
    });

    it('renew: holds beyond the first life with the same epoch; a renewal of an old revision is refused', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const first = (await a.leases.acquire('p-1', 'a', 1_000))!;
      let lease = first;
      const startMs = stage.nowMs();
      while (stage.nowMs() - startMs < 2_500) {
        await stage.pass(300);
        const renewed = await a.leases.renew(lease, 1_000);
        expect(renewed).not.toBeNull();
        lease = renewed!;
        expect(await b.leases.acquire('p-1', 'b', 1_000)).toBeNull();
      }
      expect(lease.epoch).toBe(first.epoch);
      expect(lease.revision).toBeGreaterThan(first.revision);
      expect(await a.leases.renew(first, 1_000)).toBeNull();
      expect(await a.leases.renew(lease, 1_000)).not.toBeNull();
    });

    it('expiry: the next takes over with a higher epoch; the old one can neither renew nor release it', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const old = (await a.leases.acquire('p-1', 'a', 1_000))!;
      const startMs = stage.nowMs();
      let next = await b.leases.acquire('p-1', 'b', 5_000);
      await stage.until('taken over', async () => (next = await b.leases.acquire('p-1', 'b', 5_000)) !== null, 6_000);
      expect(stage.nowMs() - startMs).toBeGreaterThanOrEqual(900);
      expect(next!.epoch).toBeGreaterThan(old.epoch);
      expect(await a.leases.renew(old, 1_000)).toBeNull();
      await a.leases.release(old);
      expect((await b.leases.holders()).get('p-1')).toBe('b');
      expect(await b.leases.renew(next!, 1_000)).not.toBeNull();
    });

    it('expiry: without anybody taking over, holders forgets and the old revision cannot be renewed', async (stage) => {
      const { leases } = await stage.open('a');
      const old = (await leases.acquire('p-1', 'a', 1_000))!;
      await stage.until('forgotten', async () => !(await leases.holders()).has('p-1'), 6_000);
      expect(await leases.renew(old, 1_000)).toBeNull();
      expect((await leases.acquire('p-1', 'a', 1_000))!.epoch).toBeGreaterThan(old.epoch);
    });

    it('release: frees the key at once, the next epoch is higher', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const first = (await a.leases.acquire('p-1', 'a', 5_000))!;
      const renewed = (await a.leases.renew(first, 5_000))!;
      await a.leases.release(first); // An old revision: not the one that holds.
      expect(await b.leases.acquire('p-1', 'b', 5_000)).toBeNull();
      await a.leases.release(renewed);
      const second = await b.leases.acquire('p-1', 'b', 5_000);
      expect(second!.epoch).toBeGreaterThan(first.epoch);
      expect((await a.leases.holders()).get('p-1')).toBe('b');
    });

    it('acquire: of several at the same moment exactly one has it', async (stage) => {
      const sides = await Promise.all(['a', 'b', 'c'].map((name) => stage.open(name)));
      for (let k = 0; k < 5; k++) {
        const got = await Promise.all(sides.map(({ leases }, i) => leases.acquire(`p-${k}`, `h${i}`, 2_000)));
        expect(got.filter((lease) => lease !== null).length).toBe(1);
      }
    });
  });
}
