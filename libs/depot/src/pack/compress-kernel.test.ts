import { jobFor, RECORD_SCHEMA, withoutUndefined, type KernelRecord } from '@btf-depot/contracts';
import { carrier, type LoadFacts } from '@btf-depot/carrier';
import { withSection } from '@btf-depot/carrier/testing';
import { buildIdOf, kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { compressKernel } from './compress-kernel.ts';
import { packKernel, type PackedArtifact, type PackInput } from './pack-kernel.ts';
import type { Attempt } from '../ports/job-queue.ts';

const core = someBytes(64, 'core');
const packed: PackedArtifact = { name: 'manifest', bytes: core, sha256: sha256Of(core) };

/** A depot of one record, whose packing is instant, or ends in the error given. */
function depotOf(
  record: KernelRecord,
  blobs: Uint8Array[] = [core],
  failure?: Error,
  more: Partial<Parameters<typeof compressKernel>[0]> = {},
) {
  const asked: PackInput[] = [];
  const stores = memoryStores();
  for (const bytes of blobs) stores.kept.set(sha256Of(bytes), { bytes, at: new Date() });
  const held = { record, writes: 0 };
  const deps: Parameters<typeof compressKernel>[0] = {
    blobs: stores.blobs,
    records: {
      get: () => Promise.resolve({ record: held.record, version: String(held.writes) }),
      put: (next) => {
        held.record = next;
        return Promise.resolve(String(++held.writes));
      },
      list: () => {
        throw new Error('not asked for');
      },
      aside: memoryStores().records.aside,
    },
    compute: {
      unpack: () => Promise.reject(new Error('not asked for')),
      split: () => Promise.reject(new Error('not asked for')),
      verify: () => Promise.reject(new Error('not asked for')),
      pack: (input) => {
        asked.push(input);
        return failure ? Promise.reject(failure) : Promise.resolve([packed]);
      },
    },
    clock: { now: () => new Date('2026-03-03T00:00:00Z') },
    crashLimit: 3,
    signingKeys: [],
    announces: false,
    ...more,
  };
  const run = (attempt: Partial<Attempt> = {}, job = jobFor(record)) =>
    compressKernel(
      deps,
      job,
      { last: false, crashes: 0, ...attempt },
      new AbortController().signal,
    );
  return { held, run, asked, stores };
}

test('artifacts and state are published in one write', async () => {
  const { held, run } = depotOf(kernelRecord());
  expect(await run()).toBe('published');
  expect(held).toMatchObject({
    writes: 1,
    record: {
      state: 'ready',
      readyAt: '2026-03-03T00:00:00.000Z',
      artifacts: { manifest: { sha256: packed.sha256, size: 64 } },
    },
  });
});

test('a job that was done, or is not of this revision, changes nothing', async () => {
  const { held, run } = depotOf(kernelRecord({ revision: 2 }));
  expect(await run({ last: false }, jobFor({ ...held.record, revision: 1 }))).toBe('stale');
  expect(await run()).toBe('published');
  expect(await run()).toBe('stale');
  expect(held.writes).toBe(1);
});

test('a record of a newer schema is left to those who know it', async () => {
  const { held, run } = depotOf({ ...kernelRecord(), schema: RECORD_SCHEMA + 1 });
  expect(await run({ last: true })).toBe('stale');
  expect(held.writes).toBe(0);
});

test('an attempt that fails is thrown, the last one is stated in the record', async () => {
  const { held, run } = depotOf(kernelRecord(), [core], new Error('out of luck'));
  await expect(run()).rejects.toThrow('out of luck');
  expect(held.writes).toBe(0);
  expect(await run({ last: true })).toBe('failed');
  expect(held.record).toMatchObject({
    state: 'failed',
    failure: { code: 'internal', message: 'out of luck' },
  });
});

test('a kernel that ended too many processes is failed without another try', async () => {
  const { held, run } = depotOf(kernelRecord());
  expect(await run({ crashes: 3 })).toBe('failed');
  expect(held.record).toMatchObject({ state: 'failed', failure: { code: 'poisoned' } });
});

test('a crash or two may be bad luck', async () => {
  expect(await depotOf(kernelRecord()).run({ crashes: 2 })).toBe('published');
});

test('a part that the store has lost is said by its hash', async () => {
  const { held, run } = depotOf(kernelRecord(), []);
  expect(await run({ last: true })).toBe('failed');
  expect(held.record.failure).toMatchObject({
    code: 'unknown-blob',
    message: expect.stringContaining(sha256Of(core)) as string,
  });
});

test('a part that was altered since it was stored ends as a failed kernel, never as a ready one', async () => {
  const altered = core.with(3, 1 ^ (core[3] ?? 0));
  const { held, run, asked, stores } = depotOf(kernelRecord(), []);
  stores.kept.set(sha256Of(core), { bytes: altered, at: new Date() });
  await expect(run()).rejects.toMatchObject({ code: 'damaged-blob' });
  expect(await run({ last: true })).toBe('failed');
  expect(held.record).toMatchObject({ state: 'failed', failure: { code: 'damaged-blob' } });
  expect(asked).toEqual([]);
});

test('how hard to compress is asked of the packing, and stands in the record', async () => {
  const levels = { gzip: 1, xz: 0, zstd: 3 };
  const { held, run, asked } = depotOf(kernelRecord(), [core], undefined, { levels });
  await run();
  expect(asked).toMatchObject([{ levels }]);
  expect(held.record).toMatchObject({ levels });
});

describe('a kernel whose load facts are refused', () => {
  const plt = { name: '.plt', flags: 6 };
  const load = { vermagic: '6.12 SMP ', structModule: { size: 1280, nameOffset: 24 } };
  const entry = { loadable: true, moduleName: 'btf_vmlinux', signed: false };
  const withLoad = (facts: LoadFacts) => {
    const record = kernelRecord({
      arch: 'x86_64',
      bits: 64,
      carrier: { ...entry, load: withoutUndefined({ ...facts }) },
    });
    const signed: Uint8Array[] = [];
    const signModule = (module: Uint8Array) => {
      signed.push(module);
      return Promise.resolve(module);
    };
    const compute = {
      unpack: () => Promise.reject(new Error('not asked for')),
      split: () => Promise.reject(new Error('not asked for')),
      verify: () => Promise.reject(new Error('not asked for')),
      pack: (input: PackInput) => packKernel(input),
    };
    const depot = depotOf(record, [core], undefined, { signModule, compute });
    return { ...depot, signed };
  };

  test('is published with containers, and its record says so', async () => {
    const { run, held, signed } = withLoad({ ...load, placeholders: [plt, plt] });
    expect(await run({ last: true })).toBe('published');
    expect(held.record).toMatchObject({
      state: 'ready',
      carrier: { loadable: false, why: 'load-refused', signed: false },
    });
    expect(held.record.artifacts).toHaveProperty(['btf_vmlinux.ko']);
    expect(signed).toEqual([]);
  });

  test('is nothing like one whose load facts are sound', async () => {
    const { run, held, signed } = withLoad({ ...load, placeholders: [plt] });
    expect(await run({ last: true })).toBe('published');
    expect(held.record.carrier).toEqual({ ...entry, load: { ...load, placeholders: [plt] } });
    expect(signed).toHaveLength(1);
  });
});

describe('a carrier that the build made', () => {
  const about = { buildId: buildIdOf('given'), baseSha256: sha256Of(core), extras: [] };
  const made = carrier({ target: { class: 64, endian: 'little', machine: 62 }, ...about });
  const withGiven = (bytes: Uint8Array) => {
    const entry = { sha256: sha256Of(bytes), size: bytes.length, signed: true };
    const facts = { loadable: false, moduleName: 'btf_vmlinux', signed: true };
    const record = kernelRecord({ carrier: { ...facts, given: { 'btf_vmlinux.ko': entry } } });
    const signModule = () => Promise.reject(new Error('not asked for'));
    return depotOf(record, [core, bytes], undefined, { signModule });
  };

  test('is published as it is, and not signed again if it is a container', async () => {
    const { run, asked } = withGiven(made);
    expect(await run()).toBe('published');
    expect(asked[0]?.given).toEqual({ 'btf_vmlinux.ko': made });
  });

  test('is not published if it holds more than BTF, whoever took it in', async () => {
    const code = withSection(made, { name: '.init.text', flags: 6, bytes: Uint8Array.of(0xc3) });
    const { run, asked } = withGiven(code);
    expect(await run()).toBe('published');
    expect(asked[0]?.given).toEqual({});
  });
});
