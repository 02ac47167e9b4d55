import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { RecordConflict, type RecordStore } from '../ports/record-store.ts';
import { updateRecord } from './update-record.ts';

/** One record; `before` runs ahead of each write, as another process would. */
function storeOf(record: KernelRecord, before: () => void = () => undefined) {
  const held = { record, version: 1 };
  const store: RecordStore = {
    get: () => Promise.resolve({ record: held.record, version: String(held.version) }),
    put: (next, expected) => {
      before();
      if (expected !== String(held.version)) return Promise.reject(new RecordConflict('x'));
      held.record = next;
      held.version++;
      return Promise.resolve(String(held.version));
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- a listing is asynchronous
    list: async function* () {
      yield { buildId: record.buildId, version: String(held.version) };
    },
    aside: memoryStores().records.aside,
  };
  return { held, store };
}

test('a change that lost the race is made again on what the winner wrote', async () => {
  let races = 3;
  const { held, store } = storeOf(kernelRecord(), () => {
    if (races-- <= 0) return;
    held.record = { ...held.record, revision: held.record.revision + 1 };
    held.version++;
  });
  const { record } = await updateRecord(store, held.record.buildId, (current) => ({
    ...kernelRecord(),
    revision: (current?.revision ?? 0) + 1,
  }));
  expect(record?.revision).toBe(5);
});

test('a record of a newer schema is read, and never written', async () => {
  const { held, store } = storeOf({ ...kernelRecord(), schema: RECORD_SCHEMA + 1 });
  await expect(
    updateRecord(store, held.record.buildId, (current) => current && { ...current, revision: 9 }),
  ).rejects.toMatchObject({ code: 'newer-schema' });
  expect(held.version).toBe(1);
  const { record, written } = await updateRecord(store, held.record.buildId, () => undefined);
  expect(written).toBe(false);
  expect(record?.schema).toBe(RECORD_SCHEMA + 1);
});
