import { kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { collectGarbage, GARBAGE_DEFAULTS } from './collect-garbage.ts';
import { withdraw } from '../record/withdraw.ts';

const HOUR = 3600 * 1000;
const [core, orphan] = [someBytes(64, 'core'), someBytes(100, 'orphan')];
const hash = sha256Of(orphan);

/** A record with its core, and a blob that nobody names, all put two days ago. */
async function depot() {
  const now = new Date('2026-03-03T00:00:00Z');
  const stores = memoryStores(() => new Date(now.getTime() - 48 * HOUR));
  await stores.blobs.put(sha256Of(core), core);
  await stores.blobs.put(hash, orphan);
  await stores.records.put(kernelRecord(), undefined);
  const run = (options = {}) =>
    collectGarbage({ ...stores, clock: { now: () => now } }, { ...GARBAGE_DEFAULTS, ...options });
  return { ...stores, run };
}

test('what no record names is deleted, and nothing else', async () => {
  const { run, kept } = await depot();
  expect(await run()).toMatchObject({ kept: 1, collected: [{ sha256: hash, size: 100 }] });
  expect([...kept.keys()]).toEqual([sha256Of(core)]);
});

test('a dry run says the same and deletes nothing', async () => {
  const { run, kept } = await depot();
  expect(await run({ dryRun: true })).toMatchObject({ collected: [{ sha256: hash }] });
  expect(kept.size).toBe(2);
});

test('a young blob may be of an upload under way', async () => {
  const { run, kept } = await depot();
  expect(await run({ minAge: 49 * HOUR })).toMatchObject({ kept: 2, collected: [] });
  expect(kept.size).toBe(2);
});

test('a withdrawn kernel keeps no blob', async () => {
  const { run, kept, records } = await depot();
  const { buildId } = kernelRecord();
  await withdraw(records, buildId, { reason: 'broken', at: '2026-03-01T00:00:00Z' });
  await run();
  expect(kept.size).toBe(0);
});

test('a field of a newer version keeps the blobs that it names', async () => {
  const { run, kept, records } = await depot();
  const version = (await records.get(kernelRecord().buildId))?.version;
  await records.put({ ...kernelRecord(), later: { of: [`sha256:${hash}`] } }, version);
  expect(await run()).toMatchObject({ collected: [] });
  expect(kept.size).toBe(2);
});

test('a blob that comes to be named while it is deleted is put back', async () => {
  const { run, kept, records, blobs } = await depot();
  const remove = blobs.delete.bind(blobs);
  blobs.delete = async (sha256) => {
    // An upload's second put came before this, its record too.
    const version = (await records.get(kernelRecord().buildId))?.version;
    await records.put({ ...kernelRecord(), later: hash }, version);
    await remove(sha256);
  };
  expect(await run()).toMatchObject({ collected: [], putBack: 1 });
  expect(kept.get(hash)?.bytes).toEqual(orphan);
});

test('nothing is deleted where a record cannot be read', async () => {
  const { run, kept, records } = await depot();
  records.get = () => Promise.reject(new Error('damaged'));
  await expect(run()).rejects.toThrow('damaged');
  expect(kept.size).toBe(2);
});
