import type { AskedNotes } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildIdOf, collect } from '../builders.ts';
import { HOSTILE_NAMES } from './hostile.ts';
import type { StoresUnderTest } from './stores-under-test.ts';

/** The promises of AskedNotes. `makeStores` opens an empty store for each test. */
export function describeAskedNotes(name: string, makeStores: () => Promise<StoresUnderTest>): void {
  describe(`${name} as AskedNotes`, () => {
    let stores: StoresUnderTest;
    let asked: AskedNotes;

    beforeEach(async () => {
      stores = await makeStores();
      asked = stores.asked;
    });
    afterEach(() => stores.dispose());

    const [one, two] = [buildIdOf('asked one'), buildIdOf('asked two')];
    const list = () => collect(asked.list());
    const timeOf = async (buildId: string) =>
      (await list()).find((note) => note.buildId === buildId)?.at.getTime() ?? 0;

    it('has no note of what nobody asked for', async () => {
      expect(await list()).toEqual([]);
    });

    it('knows the last time of each, from its own clock', async () => {
      await asked.add(one);
      const first = await timeOf(one);
      expect(Math.abs(Date.now() - first)).toBeLessThan(60_000);
      // A store may count in whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await Promise.all([asked.add(one), asked.add(two), asked.add(one)]);
      expect(await timeOf(one)).toBeGreaterThan(first);
      expect((await list()).map(({ buildId }) => buildId).sort()).toEqual([one, two].sort());
    });

    it('forgets one, also one that is not there', async () => {
      await asked.add(one);
      await asked.remove(one);
      await asked.remove(one);
      expect(await list()).toEqual([]);
    });

    it.each(HOSTILE_NAMES)('refuses %j as a build ID', async (hostile) => {
      await expect(asked.add(hostile)).rejects.toMatchObject({ code: 'bad-build-id' });
      await expect(asked.remove(hostile)).rejects.toMatchObject({ code: 'bad-build-id' });
    });
  });
}
