import { setImmediate } from 'node:timers/promises';
import { Random } from '@btf-depot/btf/testing';
import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { Eviction } from './evict.ts';

const SIZE = 1000;
const HOUR = 3600 * 1000;
const start = Date.parse('2026-03-01T00:00:00Z');
const upstream = { principal: 'upstream:debuginfod.example', rank: 'upstream' };
const farm = { principal: 'farm', rank: 'token' };

/** Kernels of a thousand bytes each, which came an hour after one another. */
function depot(space: number) {
  const held = { now: start };
  const stores = memoryStores(() => new Date(held.now));
  const clock = { now: () => new Date(held.now) };
  const open = () => new Eviction({ ...stores, clock }, space);
  const eviction = open();
  const id = (name: string) => buildIdOf(name);
  const bytesOf = (name: string) => someBytes(SIZE, name);
  return {
    ...stores,
    held,
    open,
    id,
    bytesOf,
    record: async (name: string) => (await stores.records.get(id(name)))?.record,
    come: async (name: string, overrides: Partial<KernelRecord> = {}) => {
      held.now += HOUR;
      const bytes = bytesOf(name);
      await stores.blobs.put(sha256Of(bytes), bytes);
      const [source] = kernelRecord().sources;
      const record = kernelRecord({
        buildId: id(name),
        state: 'ready',
        owner: upstream,
        core: { sha256: sha256Of(bytes), size: SIZE, types: 1, origin: 'verbatim' },
        sources: source ? [{ ...source, by: upstream.principal }] : [],
        uploadedAt: clock.now().toISOString(),
        ...overrides,
      });
      await stores.records.put(record, (await stores.records.get(id(name)))?.version);
    },
    ask: async (name: string) => {
      held.now += HOUR;
      await stores.asked.add(id(name));
    },
    evict: async (by = eviction) => (await by.run()).map(({ buildId }) => buildId),
  };
}

test('within its space nothing is evicted; above it, the least recently asked for goes first', async () => {
  const { come, ask, evict, id, record, blobs, bytesOf, asked } = depot(2 * SIZE);
  await come('one');
  await come('two');
  expect(await evict()).toEqual([]);
  await ask('one');
  await come('three');
  expect(await evict()).toEqual([id('two')]);
  expect(await record('two')).toMatchObject({ state: 'withdrawn', withdrawal: { expired: true } });
  expect(await blobs.has(sha256Of(bytesOf('two')))).toBe(false);
  expect(await blobs.has(sha256Of(bytesOf('one')))).toBe(true);
  await ask('three');
  await come('four');
  expect(await evict()).toEqual([id('one')]);
  const notes = [];
  for await (const { buildId } of asked.list()) notes.push(buildId);
  expect(notes).toEqual([id('three')]);
});

test('a process that starts anew knows from the store what was asked for', async () => {
  const { come, ask, evict, open, id } = depot(2 * SIZE);
  for (const name of ['one', 'two', 'three']) await come(name);
  await ask('one');
  expect(await evict(open())).toEqual([id('two')]);
});

test('kernels of farms and imports neither count nor are evicted', async () => {
  const { come, evict, record } = depot(SIZE);
  await come('sent', { owner: farm });
  await come('imported', { owner: { principal: 'import:deb.example', rank: 'import' } });
  const sources = kernelRecord().sources.map((source) => ({ ...source, by: 'farm' }));
  await come('a part of it was sent', { sources });
  await come('pulled');
  expect(await evict()).toEqual([]);
  for (const name of ['sent', 'imported', 'a part of it was sent', 'pulled']) {
    expect(await record(name)).toMatchObject({ state: 'ready' });
  }
});

test('a kernel that becomes a farm’s while eviction decides stays', async () => {
  const { come, evict, record, records, id } = depot(SIZE);
  await come('one');
  await come('two');
  const get = records.get.bind(records);
  records.get = async (buildId) => {
    const stored = await get(buildId);
    if (buildId !== id('one') || !stored || stored.record.owner?.rank === 'token') return stored;
    await records.put({ ...stored.record, owner: farm }, stored.version);
    // The index has it as it was; the decision sees the conflict.
    return stored;
  };
  expect(await evict()).toEqual([]);
  expect(await record('one')).toMatchObject({ state: 'ready', owner: farm });
});

test('a kernel being packed stays, and so does the last requested one', async () => {
  const { come, evict, id } = depot(0);
  await come('packing', { state: 'compressing' });
  await come('old');
  await come('latest');
  expect(await evict()).toEqual([id('old')]);
  expect(await evict()).toEqual([]);
});

test('several processes evict together no more than one alone', async () => {
  const { come, evict, open, id, record } = depot(3 * SIZE);
  const names = ['one', 'two', 'three', 'four', 'five'];
  for (const name of names) await come(name);
  const outcomes = await Promise.all([open(), open(), open()].map((one) => evict(one)));
  expect(outcomes.flat().sort()).toEqual([id('one'), id('two')].sort());
  const states = await Promise.all(names.map(async (name) => (await record(name))?.state));
  expect(states).toEqual(['withdrawn', 'withdrawn', 'ready', 'ready', 'ready']);
});

test('bytes that another kernel has too stay in the store', async () => {
  const { come, evict, id, blobs, bytesOf } = depot(0);
  await come('one');
  const shared = { sha256: sha256Of(bytesOf('one')), size: SIZE, types: 1 };
  await come('two', { owner: farm, core: { ...shared, origin: 'verbatim' } });
  await come('three');
  expect(await evict()).toEqual([id('one')]);
  expect(await blobs.has(shared.sha256)).toBe(true);
});

describe('two processes that evict while kernels come, their steps interleaved at random', () => {
  /** Each call to the store takes a few turns of the event loop. */
  function slowly<Port extends object>(port: Port, random: Random): Port {
    return new Proxy(port, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== 'function' || name === 'list') return member;
        return async (...args: unknown[]) => {
          await turns(random);
          const result: unknown = await (member as (...args: unknown[]) => unknown).apply(
            target,
            args,
          );
          await turns(random);
          return result;
        };
      },
    });
  }

  async function turns(random: Random): Promise<void> {
    for (let left = random.next(4); left > 0; left--) await setImmediate();
  }

  const seeds = Array.from({ length: 40 }, (_, at) => at + 1);

  test.each(seeds)(
    'nothing is evicted twice or lost, and the limit holds: seed %i',
    async (seed) => {
      const random = new Random(seed);
      const { blobs, records, asked, held, come, bytesOf, id, record } = depot(0);
      const space = 4 * SIZE;
      const ports = () => ({
        blobs: slowly(blobs, random),
        records: slowly(records, random),
        asked: slowly(asked, random),
        clock: { now: () => new Date(held.now) },
      });
      const processes = [new Eviction(ports(), space), new Eviction(ports(), space)];
      const names = Array.from({ length: 12 }, (_, at) => `kernel ${at}`);
      const evicted: string[] = [];
      const evicts = async (eviction: Eviction) => {
        for (let runs = 0; runs < 6; runs++) {
          evicted.push(...(await eviction.run()).map(({ buildId }) => buildId));
          await turns(random);
        }
      };
      /** As an upload does: the blob, the record, and the blob again. Each has one that others share. */
      const pulls = async () => {
        for (const [at, name] of names.entries()) {
          const shared = someBytes(SIZE / 2, `shared by ${at % 3}`);
          const own = bytesOf(name);
          const put = async () => {
            for (const bytes of [shared, own]) await blobs.put(sha256Of(bytes), bytes);
          };
          await put();
          await turns(random);
          const size = { sha256: sha256Of(shared), size: shared.length, mediaType: 'text/plain' };
          await come(name, { artifacts: { manifest: size } });
          await put();
          await turns(random);
        }
      };
      await Promise.all([pulls(), ...processes.map(evicts)]);
      await Promise.all(processes.map(evicts));

      expect(new Set(evicted).size).toBe(evicted.length);
      const states = await Promise.all(names.map(async (name) => (await record(name))?.state));
      const kept = names.filter((_, at) => states[at] === 'ready');
      expect(evicted.sort()).toEqual(
        names
          .filter((name) => !kept.includes(name))
          .map(id)
          .sort(),
      );
      // Two kernels of a thousand bytes and 500 shared ones each fit.
      expect(kept).toEqual(names.slice(-2));
      const isThere = async (bytes: Uint8Array) => blobs.has(sha256Of(bytes));
      for (const name of names) expect(await isThere(bytesOf(name))).toBe(kept.includes(name));
      const shared = await Promise.all(
        [0, 1, 2].map((at) => isThere(someBytes(SIZE / 2, `shared by ${at}`))),
      );
      expect(shared).toEqual(
        [0, 1, 2].map((at) => kept.some((name) => names.indexOf(name) % 3 === at)),
      );
    },
  );
});
