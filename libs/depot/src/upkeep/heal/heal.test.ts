import type { KernelRecord } from '@btf-depot/contracts';
import {
  buildIdOf,
  collect,
  kernelRecord,
  memoryStores,
  sha256Of,
  someBytes,
} from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { Healer } from './healer.ts';
import { repair } from './repair.ts';

const core = someBytes(64, 'core');
const packed = someBytes(65, 'packed');
const file = (bytes: Uint8Array) => ({
  sha256: sha256Of(bytes),
  size: bytes.length,
  mediaType: 'application/gzip',
});
const ready = kernelRecord({
  state: 'ready',
  revision: 4,
  artifacts: { 'btf_vmlinux.ko.gz': file(packed) },
});

async function depot(...records: KernelRecord[]) {
  const stores = memoryStores();
  for (const bytes of [core, packed]) await stores.blobs.put(sha256Of(bytes), bytes);
  for (const record of records) await stores.records.put(record, undefined);
  const healer = new Healer(stores);
  return {
    ...stores,
    heal: (...failed: KernelRecord[]) => healer.heal(failed.map(({ buildId }) => buildId)),
    noted: () => collect(stores.blobs.damage.list()),
    record: async (buildId = ready.buildId) => (await stores.records.get(buildId))?.record,
    /** Flips a bit, and has a reader find it. */
    damage: async (bytes: Uint8Array) => {
      const sha256 = sha256Of(bytes);
      stores.kept.set(sha256, { bytes: bytes.with(0, 1 ^ (bytes[0] ?? 0)), at: new Date() });
      await expect(stores.blobs.get(sha256)).rejects.toMatchObject({ code: 'damaged-blob' });
    },
  };
}

test('a damaged artifact is made again under a new revision', async () => {
  const { heal, damage, record, noted, blobs } = await depot(ready);
  await damage(packed);
  expect((await heal()).settled).toMatchObject([{ outcome: 'remaking' }]);
  expect(await record()).toEqual({ ...ready, revision: 5, state: 'compressing' });
  expect((await heal()).settled).toEqual([]);
  expect(await noted()).toEqual([sha256Of(packed)]);
  await blobs.replace(sha256Of(packed), packed);
  expect((await heal()).sound).toEqual([sha256Of(packed)]);
  expect(await noted()).toEqual([]);
});

test.each(['ready', 'compressing', 'failed'] as const)(
  'a kernel that is %s and lost a part is failed until it is sent again',
  async (state) => {
    const { heal, damage, record } = await depot({ ...ready, state });
    await damage(core);
    const { settled } = await heal();
    expect(settled).toMatchObject([{ outcome: 'failed', sha256: sha256Of(core) }]);
    expect(await record()).toMatchObject({
      revision: 5,
      state: 'failed',
      artifacts: ready.artifacts,
      failure: { code: 'lost-part', message: expect.stringMatching(/^core: /) as string },
    });
    expect((await heal()).settled).toEqual([]);
  },
);

test('every kernel that names the blob is settled, and no other', async () => {
  const twin = { ...ready, buildId: buildIdOf('twin') };
  const other = kernelRecord({
    buildId: buildIdOf('other'),
    state: 'ready',
    core: { ...ready.core, sha256: sha256Of(packed) },
  });
  const gone = { ...ready, buildId: buildIdOf('gone'), state: 'withdrawn' as const };
  const newer = { ...ready, buildId: buildIdOf('newer'), schema: 99 };
  const { heal, damage, record } = await depot(ready, twin, other, gone, newer);
  await damage(core);
  const { settled } = await heal();
  expect(settled.map(({ buildId }) => buildId).sort()).toEqual(
    [ready.buildId, twin.buildId].sort(),
  );
  for (const untouched of [other, gone, newer]) {
    expect(await record(untouched.buildId)).toEqual(untouched);
  }
});

test('a blob that is lost is healed as one that is damaged', async () => {
  const { heal, kept, blobs, record } = await depot(ready);
  kept.delete(sha256Of(core));
  await blobs.damage.add(sha256Of(core));
  await heal();
  expect(await record()).toMatchObject({ state: 'failed', failure: { code: 'lost-part' } });
});

test('a note that was wrong, or of what nobody names, is taken away', async () => {
  const { heal, damage, blobs, noted, record } = await depot({ ...ready, artifacts: {} });
  await blobs.damage.add(sha256Of(core));
  await damage(packed);
  expect(await heal()).toEqual({
    sound: [sha256Of(core)],
    settled: [],
    unnamed: [sha256Of(packed)],
    back: [],
  });
  expect(await noted()).toEqual([]);
  expect((await record())?.state).toBe('ready');
});

test('while a record cannot be read, a note that may be of it stays', async () => {
  const { heal, records, damage, noted } = await depot(ready);
  await damage(core);
  records.get = () => Promise.reject(new Error('away'));
  expect((await heal()).unnamed).toEqual([]);
  expect(await noted()).toEqual([sha256Of(core)]);
});

test('a noted blob that the store cannot read waits for the store, and is lost to a repair', async () => {
  const stores = await depot(ready);
  await stores.damage(packed);
  const away = () => Promise.reject(new Error('EIO: i/o error'));
  const blobs = { ...stores.blobs, get: away };
  expect(await new Healer({ ...stores, blobs }).heal()).toEqual({
    sound: [],
    settled: [],
    unnamed: [],
    back: [],
  });
  expect(await stores.noted()).toEqual([sha256Of(packed)]);
  const clock = { now: () => new Date() };
  const { settled } = await repair({ ...stores, blobs, clock }, []);
  expect(settled).toMatchObject([{ outcome: 'remaking', sha256: sha256Of(packed) }]);
});

describe('kernels that share a blob', () => {
  const twin = { ...ready, buildId: buildIdOf('twin') };

  test('come back together once its bytes are right, whoever sent them', async () => {
    const { heal, damage, record, blobs } = await depot(ready, twin);
    await damage(core);
    expect((await heal(ready, twin)).back).toEqual([]);
    const failed = await record(twin.buildId);
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'lost-part' } });
    expect((await heal(ready, twin)).back).toEqual([]);
    await blobs.replace(sha256Of(core), core);
    expect((await heal(ready, twin)).back).toEqual([ready.buildId, twin.buildId]);
    expect(await record(twin.buildId)).toEqual({
      ...failed,
      failure: undefined,
      state: 'compressing',
    });
  });

  test.each(['damaged-blob', 'unknown-blob'])(
    'also those that a compressor gave up: %s',
    async (code) => {
      const failure = { code, message: 'of its last attempt' };
      const { heal, record } = await depot({ ...ready, state: 'failed', failure });
      expect((await heal(ready)).back).toEqual([ready.buildId]);
      expect((await record())?.state).toBe('compressing');
    },
  );

  test('one that lacks another part waits, and that part is noted', async () => {
    const failure = { code: 'lost-part', message: 'core' };
    const { heal, kept, record, noted } = await depot({ ...ready, state: 'failed', failure });
    kept.delete(sha256Of(core));
    expect((await heal(ready)).back).toEqual([]);
    expect((await record())?.state).toBe('failed');
    expect(await noted()).toEqual([sha256Of(core)]);
  });

  test('one that failed for another reason is left to an operator', async () => {
    const failure = { code: 'poisoned', message: 'three crashes' };
    const { heal, record } = await depot({ ...ready, state: 'failed', failure });
    expect((await heal(ready)).back).toEqual([]);
    expect(await record()).toMatchObject({ state: 'failed', failure });
  });

  test('come back by a repair of a store that no compressor sweeps', async () => {
    const failure = { code: 'lost-part', message: 'core' };
    const stores = await depot(ready, { ...twin, state: 'failed', failure });
    const { back } = await repair({ ...stores, clock: { now: () => new Date() } }, []);
    expect(back).toEqual([twin.buildId]);
  });
});
