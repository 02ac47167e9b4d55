import { RecordConflict, type RecordStore } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildIdOf, collect, kernelRecord } from '../builders.ts';
import { runElsewhere, whileRunning } from './elsewhere.ts';
import { HOSTILE_NAMES } from './hostile.ts';
import type { StoresUnderTest } from './stores-under-test.ts';

/** The promises of every RecordStore. `makeStores` opens an empty store for each test. */
export function describeRecordStore(
  name: string,
  makeStores: () => Promise<StoresUnderTest>,
): void {
  describe(`${name} as a RecordStore`, () => {
    let stores: StoresUnderTest;
    let records: RecordStore;

    beforeEach(async () => {
      stores = await makeStores();
      records = stores.records;
    });
    afterEach(() => stores.dispose());

    const record = kernelRecord();
    const { buildId } = record;

    it('has nothing under a build ID that nobody put', async () => {
      expect(await records.get(buildId)).toBeUndefined();
      expect(await listed()).toEqual([]);
    });

    it('gives a record back as it was, with the version that its put returned', async () => {
      const version = await records.put(record, undefined);
      expect(await records.get(buildId)).toEqual({ record, version });
    });

    it('keeps fields that it does not know, at every depth', async () => {
      const later = {
        ...record,
        license: 'GPL-2.0-only',
        core: { ...record.core, symbols: { count: 3 } },
        parts: {
          later: {
            sha256: record.core.sha256,
            size: 1,
            types: 1,
            baseSha256: record.core.sha256,
            sites: [1, 2],
          },
        },
      };
      const version = await records.put(later, undefined);
      expect(await records.get(buildId)).toEqual({ record: later, version });
    });

    it.each([4, 20, 64])('takes a build ID of %i bytes', async (bytes) => {
      const long = kernelRecord({ buildId: 'a7'.repeat(bytes) });
      const version = await records.put(long, undefined);
      expect(await records.get(long.buildId)).toEqual({ record: long, version });
      expect(await listed()).toEqual([{ buildId: long.buildId, version }]);
    });

    it('changes the version with each change of the record', async () => {
      const versions: string[] = [];
      for (let revision = 1; revision <= 12; revision++) {
        versions.push(await records.put({ ...record, revision }, versions.at(-1)));
      }
      expect(new Set(versions).size).toBe(12);
      expect((await records.get(buildId))?.record.revision).toBe(12);
    });

    it('takes no new record in the place of one that is there', async () => {
      const version = await records.put(record, undefined);
      await expect(records.put({ ...record, revision: 9 }, undefined)).rejects.toThrow(
        RecordConflict,
      );
      await records.put({ ...record, revision: 2 }, version);
      await expect(records.put({ ...record, revision: 9 }, undefined)).rejects.toThrow(
        RecordConflict,
      );
      expect((await records.get(buildId))?.record.revision).toBe(2);
    });

    it('takes no record in the place of a version that was replaced, however long ago', async () => {
      const versions = [await records.put(record, undefined)];
      for (let revision = 2; revision <= 6; revision++) {
        versions.push(await records.put({ ...record, revision }, versions.at(-1)));
      }
      for (const stale of versions.slice(0, -1)) {
        await expect(records.put({ ...record, revision: 9 }, stale)).rejects.toThrow(
          RecordConflict,
        );
      }
      expect(await records.get(buildId)).toEqual({
        record: { ...record, revision: 6 },
        version: versions.at(-1),
      });
    });

    it.each(['', '0', '1', '7', '1.0', ' 1', '*', '../1', 'd41d8cd98f00b204e9800998ecf8427e'])(
      'takes no record in the place of version %j that never was',
      async (version) => {
        await expect(records.put(record, version)).rejects.toThrow(RecordConflict);
        expect(await records.get(buildId)).toBeUndefined();
        const first = await records.put(record, undefined);
        if (version === first) return;
        await expect(records.put({ ...record, revision: 9 }, version)).rejects.toThrow(
          RecordConflict,
        );
        expect(await records.get(buildId)).toEqual({ record, version: first });
      },
    );

    it('lets one of several writers at the same moment win', async () => {
      const version = await records.put(record, undefined);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          records.put({ ...record, revision: index + 2 }, version),
        ),
      );
      const won = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value] : [],
      );
      const lost = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      );
      expect(won).toHaveLength(1);
      expect(lost.every((reason) => reason instanceof RecordConflict)).toBe(true);
      expect((await records.get(buildId))?.version).toBe(won[0]);
    });

    it('lists each record once, with the version that it has', async () => {
      const expected = new Map<string, string>();
      for (let index = 0; index < 40; index++) {
        const some = kernelRecord({ buildId: buildIdOf(`listed ${String(index)}`) });
        const first = await records.put(some, undefined);
        const last = index % 2 ? first : await records.put({ ...some, revision: 2 }, first);
        expected.set(some.buildId, last);
      }
      const found = await listed();
      expect(found).toHaveLength(40);
      expect(new Map(found.map((entry) => [entry.buildId, entry.version]))).toEqual(expected);
    });

    it('keeps a copy of a record aside until it is removed', async () => {
      const version = await records.put(record, undefined);
      await records.aside.keep(buildId, version);
      const [kept, ...others] = await collect(records.aside.list());
      expect(kept).toMatchObject({ buildId, version });
      expect(others).toEqual([]);
      expect(JSON.parse(Buffer.from(kept.bytes).toString())).toMatchObject({ buildId });
      await records.aside.remove(buildId, version);
      await records.aside.remove(buildId, version);
      expect(await collect(records.aside.list())).toEqual([]);
      expect(await records.get(buildId)).toMatchObject({ version });
    });

    it.each([...HOSTILE_NAMES, buildId.slice(1), 'abcdef', 'ab'.repeat(65)])(
      'refuses %j as a build ID',
      async (hostile) => {
        const refusal = { code: 'bad-build-id' };
        await expect(records.get(hostile)).rejects.toMatchObject(refusal);
        await expect(
          records.put(kernelRecord({ buildId: hostile }), undefined),
        ).rejects.toMatchObject(refusal);
        expect(await listed()).toEqual([]);
      },
    );

    it('loses no increment of four processes, and every reader meanwhile sees one in order', async () => {
      const [writers, times] = [4, 25];
      await records.put({ ...record, counter: 0 }, undefined);
      const race = runElsewhere(
        stores.elsewhere,
        Array.from({ length: writers }, () => ({ kind: 'increment' as const, buildId, times })),
      );
      let last = 0;
      await whileRunning(race, async () => {
        const stored = await records.get(buildId);
        const counter = Number(stored?.record.counter);
        expect(counter).toBeGreaterThanOrEqual(last);
        last = counter;
        expect(await listed()).toHaveLength(1);
      });
      expect((await records.get(buildId))?.record.counter).toBe(writers * times);
    });

    function listed(): Promise<{ buildId: string; version: string }[]> {
      return collect(records.list());
    }
  });
}
