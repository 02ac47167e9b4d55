import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { announceAll, announceKernel } from './announce.ts';
import { AnnounceLater } from '../ports/announcer.ts';
import { RecordIndex } from '../record/record-index.ts';
import { sweptOf } from './sweep.ts';

const ids = [1, 2, 3].map((n) => buildIdOf(`kernel ${n}`));

async function depot(...records: Partial<KernelRecord>[]) {
  const stores = memoryStores();
  for (const [n, overrides] of records.entries()) {
    const record = kernelRecord({ state: 'ready', unannounced: true, ...overrides });
    await stores.records.put({ ...record, buildId: ids[n] ?? '' }, undefined);
  }
  const index = new RecordIndex(stores.records, { keep: sweptOf });
  const told: string[] = [];
  const later: string[] = [];
  return {
    records: stores.records,
    told,
    later,
    due: async (id: string | undefined) => (await stores.records.get(id ?? ''))?.record.unannounced,
    round: async (fail: (buildId: string) => Error | undefined = () => undefined) => {
      const announce = ({ buildId }: KernelRecord) => {
        const error = fail(buildId);
        if (error) return Promise.reject(error);
        told.push(buildId);
        return Promise.resolve();
      };
      await index.refresh(() => undefined);
      await announceAll(stores.records, { announce }, index, (buildId) => later.push(buildId));
    },
  };
}

test('a ready kernel that was not announced is announced, once', async () => {
  const { told, due, round } = await depot({}, { state: 'compressing' }, { state: 'withdrawn' });
  await round();
  await round();
  expect(told).toEqual([ids[0]]);
  expect(await due(ids[0])).toBeUndefined();
  expect(await due(ids[1])).toBe(true);
});

test('a refused announcement is repeated in a later round, and others go on in this one', async () => {
  const { told, later, due, round } = await depot({}, {}, {});
  const busy = new AnnounceLater('busy', false);
  await round((buildId) => (buildId === ids[1] ? busy : undefined));
  expect([told.toSorted(), later]).toEqual([[ids[0], ids[2]].toSorted(), [ids[1]]]);
  expect(await due(ids[1])).toBe(true);
  await round();
  expect(told.at(2)).toBe(ids[1]);
});

test('where nobody answers, the round ends with the first', async () => {
  const { told, later, round } = await depot({}, {}, {});
  await round(() => new AnnounceLater('away', true));
  expect([told.length, later.length]).toEqual([0, 1]);
});

test('a revision that came while the one before was announced is still announced', async () => {
  const { records, due } = await depot({});
  const announce = async (record: KernelRecord) => {
    const stored = await records.get(record.buildId);
    await records.put({ ...record, revision: 2 }, stored?.version);
  };
  await announceKernel(records, { announce }, ids[0] ?? '');
  expect(await due(ids[0])).toBe(true);
});
