import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { UnreadableRecord, type RecordStore } from '../ports/record-store.ts';
import { RecordIndex } from './record-index.ts';

const AWAY = new Error('the store is away');

/** A store of so many records that gives what `fault` does not refuse. */
async function storeOf(count: number) {
  const { records } = memoryStores();
  const buildIds = Array.from({ length: count }, (_, at) => buildIdOf(`index ${at}`));
  const versions = new Map<string, string>();
  for (const buildId of buildIds) {
    versions.set(buildId, await records.put(kernelRecord({ buildId }), undefined));
  }
  const state = { reads: 0, fault: (_buildId: string): Error | undefined => undefined };
  const store: RecordStore = {
    ...records,
    get(buildId) {
      state.reads++;
      const fault = state.fault(buildId);
      return fault ? Promise.reject(fault) : records.get(buildId);
    },
  };
  const index = new RecordIndex(store, { keep: ({ buildId, release }) => ({ buildId, release }) });
  const left: string[] = [];
  const change = async (buildId: string, release: string) => {
    const stored = await records.get(buildId);
    const record: KernelRecord = { ...(stored?.record ?? kernelRecord({ buildId })), release };
    await records.put(record, stored?.version);
  };
  const refresh = () => index.refresh((buildId) => left.push(buildId));
  return { index, buildIds, state, left, change, refresh, records };
}

test('a store that goes away ends the refresh early; what was read stays, the next goes on', async () => {
  const { index, state, refresh } = await storeOf(500);
  state.fault = () => (state.reads > 100 ? AWAY : undefined);
  await expect(refresh()).rejects.toThrow('the store is away');
  expect(index.size).toBe(100);
  expect(state.reads).toBeLessThan(130);
  state.fault = () => undefined;
  state.reads = 0;
  await refresh();
  expect(index.size).toBe(500);
  expect(state.reads).toBe(400);
  expect(index.unread).toBe(0);
});

test('a record that the store does not give stays as it was, and is counted until it does', async () => {
  const { index, buildIds, state, left, change, refresh } = await storeOf(20);
  await refresh();
  const [stuck = ''] = buildIds;
  await change(stuck, 'new');
  state.fault = (buildId) => (buildId === stuck ? AWAY : undefined);
  await refresh();
  expect(index.get(stuck)).toMatchObject({ release: kernelRecord().release });
  expect([index.size, index.unread, left]).toEqual([20, 1, [stuck]]);
  state.fault = () => undefined;
  await refresh();
  expect(index.get(stuck)).toMatchObject({ release: 'new' });
  expect(index.unread).toBe(0);
});

test('what is no record is left out, and told of each time', async () => {
  const { index, buildIds, state, left, refresh } = await storeOf(20);
  const [damaged = ''] = buildIds;
  const why = { why: 'it is empty', isNewer: false };
  state.fault = (buildId) =>
    buildId === damaged ? new UnreadableRecord(buildId, '1', why) : undefined;
  await refresh();
  await refresh();
  expect(index.get(damaged)).toBeUndefined();
  expect([index.size, index.unread, index.unreadable]).toEqual([19, 0, 1]);
  expect(left).toEqual([damaged, damaged]);
});

test('what is noted counts until the store has something newer', async () => {
  const { index, buildIds, change, refresh, records } = await storeOf(2);
  await refresh();
  const [buildId = ''] = buildIds;
  await change(buildId, 'noted');
  const stored = await records.get(buildId);
  if (stored) index.note(stored);
  expect(index.get(buildId)).toMatchObject({ release: 'noted' });
  await change(buildId, 'newer');
  await refresh();
  expect(index.get(buildId)).toMatchObject({ release: 'newer' });
});
