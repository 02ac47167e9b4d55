import type { KernelRecord } from '@btf-depot/contracts';
import { kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import type { RecordStore } from '../ports/record-store.ts';
import { requeue } from './requeue.ts';

function storeOf(record?: KernelRecord) {
  const held = { record };
  const records: RecordStore = {
    get: () => Promise.resolve(held.record && { record: held.record, version: '1' }),
    put: (next) => {
      held.record = next;
      return Promise.resolve('2');
    },
    list: () => {
      throw new Error('not asked for');
    },
    aside: memoryStores().records.aside,
  };
  return { held, records };
}

test('a kernel that failed waits again, under its revision and without the failure', async () => {
  const failure = { code: 'internal', message: 'out of luck' };
  const { held, records } = storeOf(kernelRecord({ state: 'failed', revision: 2, failure }));
  expect(await requeue(records, held.record?.buildId ?? '')).toBe(true);
  expect(held.record).toEqual(kernelRecord({ state: 'compressing', revision: 2 }));
});

test.each(['compressing', 'ready', 'withdrawn'] as const)(
  'a kernel that is %s is left as it is',
  async (state) => {
    const record = kernelRecord({ state });
    const { held, records } = storeOf(record);
    expect(await requeue(records, record.buildId)).toBe(false);
    expect(held.record).toBe(record);
  },
);

test('a kernel that lost a part stays failed: only its file heals it', async () => {
  const failure = { code: 'lost-part', message: 'core: the stored bytes are damaged' };
  const { held, records } = storeOf(kernelRecord({ state: 'failed', failure }));
  expect(await requeue(records, held.record?.buildId ?? '')).toBe(false);
  expect(held.record).toMatchObject({ state: 'failed', failure });
});

test('a kernel that is not there is said to be unknown', async () => {
  const { records } = storeOf();
  await expect(requeue(records, kernelRecord().buildId)).rejects.toMatchObject({
    code: 'unknown-build-id',
  });
});
