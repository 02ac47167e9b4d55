import { buildIdOf, kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test, vi } from 'vitest';
import { Expiry, longerKept, withKeptUntil } from './expiry.ts';
import { RecordIndex } from '../record/record-index.ts';
import { sweptOf } from './sweep.ts';
import { updateRecord } from '../record/update-record.ts';

const HOUR = 3600 * 1000;
const due = '2026-03-01T00:00:00.000Z';
const later = '2026-04-01T00:00:00.000Z';

async function depot(grace = 0) {
  const { records } = memoryStores();
  const held = { now: new Date('2026-02-01T00:00:00Z') };
  const index = new RecordIndex(records, { keep: sweptOf });
  const expiry = new Expiry(records, { now: () => held.now }, grace);
  const id = (name: string) => buildIdOf(name);
  const ready = { state: 'ready', readyAt: due } as const;
  await records.put(kernelRecord({ ...ready, buildId: id('ci'), keptUntil: due }), undefined);
  await records.put(kernelRecord({ ...ready, buildId: id('release') }), undefined);
  return {
    held,
    records,
    id,
    state: async (name: string) => (await records.get(id(name)))?.record.state,
    sweep: async () => {
      await index.refresh(() => undefined);
      return expiry.sweep(index);
    },
  };
}

test('who keeps a kernel longest decides, and for ever is longest', () => {
  expect(longerKept(due, later)).toBe(later);
  expect(longerKept(later, due)).toBe(later);
  expect(longerKept(undefined, due)).toBeUndefined();
  expect(longerKept(due, undefined)).toBeUndefined();
});

test('a kernel whose time is over is withdrawn, and one for ever stays', async () => {
  const { held, records, id, state, sweep } = await depot();
  expect(await sweep()).toEqual([]);
  held.now = new Date(due);
  expect(await sweep()).toEqual([id('ci')]);
  const record = (await records.get(id('ci')))?.record;
  expect(record).toMatchObject({
    state: 'withdrawn',
    artifacts: {},
    withdrawal: { expired: true },
  });
  expect(record).not.toHaveProperty('keptUntil');
  expect(await state('release')).toBe('ready');
  expect(await sweep()).toEqual([]);
});

test('a clock that jumps ahead and comes back withdraws nothing', async () => {
  const { held, state, sweep } = await depot(HOUR);
  const steady = vi.spyOn(performance, 'now').mockReturnValue(0);
  held.now = new Date('2036-01-01T00:00:00Z');
  expect(await sweep()).toEqual([]);
  held.now = new Date('2026-02-01T00:01:00Z');
  steady.mockReturnValue(HOUR);
  expect(await sweep()).toEqual([]);
  // What it was due for then does not count when it is due again.
  held.now = new Date(due);
  expect(await sweep()).toEqual([]);
  expect(await state('ci')).toBe('ready');
  steady.mockReturnValue(2 * HOUR);
  expect(await sweep()).toHaveLength(1);
  steady.mockRestore();
});

test('a kernel that was kept longer since the records were read is not withdrawn', async () => {
  const { held, records, id, state } = await depot();
  const index = new RecordIndex(records, { keep: sweptOf });
  await index.refresh(() => undefined);
  await updateRecord(records, id('ci'), (now) => now && withKeptUntil(now, undefined));
  held.now = new Date(due);
  expect(await new Expiry(records, { now: () => held.now }, 0).sweep(index)).toEqual([]);
  expect(await state('ci')).toBe('ready');
});
