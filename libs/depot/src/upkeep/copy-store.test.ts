import { buildIdOf, kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { copyStore } from './copy-store.ts';
import type { TokenStore } from '../ports/token-store.ts';

const core = someBytes(64, 'core');
const record = kernelRecord();
const { buildId } = record;

function empty() {
  const none: TokenStore = {
    get: () => Promise.resolve(undefined),
    put: () => Promise.resolve(),
    // eslint-disable-next-line @typescript-eslint/require-await -- a listing is asynchronous
    list: async function* () {
      yield* [];
    },
  };
  return { ...memoryStores(), tokens: none };
}

async function source() {
  const stores = empty();
  await stores.blobs.put(sha256Of(core), core);
  await stores.records.put(record, undefined);
  return stores;
}

test('a kernel is copied with its blobs, and a second time nothing', async () => {
  const [from, to] = [await source(), empty()];
  expect(await copyStore(from, to)).toMatchObject({ copied: 1, blobs: 1, bytes: 64 });
  expect((await to.records.get(buildId))?.record).toEqual(record);
  expect(await copyStore(from, to)).toMatchObject({ copied: 0, left: 1, blobs: 0 });
});

test('what the target has of a later revision stays', async () => {
  const [from, to] = [await source(), empty()];
  await to.records.put({ ...record, revision: 2 }, undefined);
  expect(await copyStore(from, to)).toMatchObject({ copied: 0, left: 1 });
  expect((await to.records.get(buildId))?.record.revision).toBe(2);
});

test('the record is written after its blobs', async () => {
  const [from, to] = [await source(), empty()];
  to.blobs.replace = () => Promise.reject(new Error('full'));
  await expect(copyStore(from, to)).rejects.toThrow('full');
  expect(await to.records.get(buildId)).toBeUndefined();
});

test('a kernel that changes while it is copied is copied as it became', async () => {
  const [from, to] = [await source(), empty()];
  const next = someBytes(65, 'next');
  const get = from.blobs.get.bind(from.blobs);
  from.blobs.get = async (sha256) => {
    from.blobs.get = get;
    await from.blobs.put(sha256Of(next), next);
    const version = (await from.records.get(buildId))?.version;
    const changed = { ...record.core, sha256: sha256Of(next), size: 65 };
    await from.records.put({ ...record, revision: 2, core: changed }, version);
    await from.blobs.delete(sha256);
    return undefined;
  };
  await copyStore(from, to);
  expect((await to.records.get(buildId))?.record).toMatchObject({
    revision: 2,
    core: { size: 65 },
  });
  expect(await to.blobs.has(sha256Of(next))).toBe(true);
});

test('a kernel of which the source has lost a blob is left out and told, and others are copied', async () => {
  const [from, to] = [await source(), empty()];
  const other = someBytes(70, 'other');
  const core = { ...record.core, sha256: sha256Of(other), size: 70 };
  const sound = { ...record, buildId: buildIdOf('sound'), core };
  await from.blobs.put(sha256Of(other), other);
  await from.records.put(sound, undefined);
  for (const damage of [
    () => from.kept.set(record.core.sha256, { bytes: other, at: new Date() }),
    () => from.kept.delete(record.core.sha256),
  ]) {
    damage();
    const { lost } = await copyStore(from, to);
    expect(lost).toMatchObject([{ buildId, detail: expect.stringContaining('blob') as string }]);
    expect(await to.records.get(buildId)).toBeUndefined();
    expect((await to.records.get(sound.buildId))?.record).toEqual(sound);
  }
});

test.each([true, false])(
  'what the target has damaged is written over, verified: %s',
  async (verify) => {
    const [from, to] = [await source(), empty()];
    const { sha256 } = record.core;
    to.kept.set(sha256, { bytes: someBytes(64, 'other'), at: new Date() });
    if (!verify) await to.blobs.damage.add(sha256);
    await copyStore(from, to, { verify });
    expect(to.kept.get(sha256)?.bytes).toEqual(core);
  },
);
