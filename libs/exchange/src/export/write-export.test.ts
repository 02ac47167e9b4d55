import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { beforeEach, expect, test } from 'vitest';
import { storesSource, type ExportSource } from './export-source.ts';
import { Only } from './only.ts';
import { writeExport } from './write-export.ts';

const root = folderOfEachTest();
let stores: ReturnType<typeof memoryStores>;
let source: ExportSource;

beforeEach(() => {
  stores = memoryStores();
  source = storesSource(stores, () => undefined);
});

/** A ready kernel, with files of these names for each revision. */
async function store(seed: string, revision = 1, overrides: Partial<KernelRecord> = {}) {
  const buildId = buildIdOf(seed);
  const blob = async (name: string) => {
    const bytes = someBytes(300, `${seed} ${name} ${revision}`);
    await stores.blobs.put(sha256Of(bytes), bytes);
    return { sha256: sha256Of(bytes), size: bytes.length, mediaType: 'text/plain' };
  };
  const names = ['manifest', 'manifest.sig', 'SHA256SUMS', 'btf_vmlinux.ko', 'btf_vmlinux.ko.gz'];
  const artifacts: KernelRecord['artifacts'] = {};
  for (const name of names) artifacts[name] = await blob(name);
  const core = { ...(await blob('core')), types: 1, origin: 'verbatim' as const };
  const before = await stores.records.get(buildId);
  const record = kernelRecord({
    buildId,
    revision,
    core,
    artifacts,
    state: 'ready',
    distro: 'debian',
    ...overrides,
  });
  await stores.records.put(record, before?.version);
  return record;
}

const path = (...parts: string[]) => join(root, ...parts);
const kernel = (buildId: string, name: string) => path('v1/kernels', buildId, name);
const blobs = async () => (await readdir(path('v1/blobs/sha256'))).length;
const listed = async () => {
  const text = await readFile(path('v1/kernels/index.json'), 'utf8');
  return (JSON.parse(text) as { kernels: { buildId: string }[] }).kernels.map(
    ({ buildId }) => buildId,
  );
};

test('every file is there by its name and by its hash, and the sums hold', async () => {
  const { buildId, artifacts } = await store('one');
  expect(await writeExport(source, root)).toMatchObject({ written: 1, blobs: 6, bytes: 1800 });
  for (const [name, { sha256 }] of Object.entries(artifacts)) {
    expect(sha256Of(await readFile(kernel(buildId, name)))).toBe(sha256);
    expect(sha256Of(await readFile(path('v1/blobs/sha256', sha256)))).toBe(sha256);
  }
  expect(JSON.parse(await readFile(kernel(buildId, 'record.json'), 'utf8'))).toMatchObject({
    buildId,
  });
  expect(await listed()).toEqual([buildId]);
  const sums = (await readFile(path('SHA256SUMS'), 'utf8')).trim().split('\n');
  expect(sums).toHaveLength(6 + 2);
  for (const line of sums) {
    const [sha256 = '', file = ''] = line.split('  ');
    expect(sha256Of(await readFile(path(file)))).toBe(sha256);
  }
  expect(await readdir(root)).not.toContain('.lock');
});

test('a second run writes nothing, and one after a change what has changed', async () => {
  await store('one');
  const { buildId } = await store('two');
  await writeExport(source, root);
  const { mtimeMs } = await stat(kernel(buildId, 'record.json'));
  const second = { written: 0, left: 2, blobs: 0, bytes: 0 };
  expect(await writeExport(source, root)).toMatchObject(second);
  expect((await stat(kernel(buildId, 'record.json'))).mtimeMs).toBe(mtimeMs);
  await store('one', 2);
  expect(await writeExport(source, root)).toMatchObject({ written: 1, left: 1, blobs: 6 });
});

test('blobs of the revision before stay for one export', async () => {
  const before = await store('one');
  await writeExport(source, root);
  const after = await store('one', 2);
  await writeExport(source, root);
  expect(await blobs()).toBe(12);
  const old = path('v1/blobs/sha256', before.artifacts.manifest.sha256);
  await expect(stat(old)).resolves.toBeDefined();
  await writeExport(source, root);
  expect(await blobs()).toBe(6);
  await expect(stat(old)).rejects.toThrow();
  expect(sha256Of(await readFile(kernel(after.buildId, 'manifest')))).toBe(
    after.artifacts.manifest.sha256,
  );
});

test('what an interrupted run has left is made whole', async () => {
  const { buildId, artifacts } = await store('one');
  await writeExport(source, root);
  await rm(kernel(buildId, 'btf_vmlinux.ko'));
  await writeFile(path('v1/blobs/sha256', artifacts.manifest.sha256), 'half');
  await writeFile(path('.lock'), '999999999');
  expect(await writeExport(source, root)).toMatchObject({ written: 1, blobs: 1 });
  expect(sha256Of(await readFile(kernel(buildId, 'manifest')))).toBe(artifacts.manifest.sha256);
  expect(await writeExport(source, root)).toMatchObject({ left: 1 });
});

test('a kernel that is withdrawn goes at once, with its blobs', async () => {
  const { buildId } = await store('one');
  await store('two');
  await writeExport(source, root);
  const withdrawal = { reason: 'wrong', at: '2026-01-01T00:00:00.000Z' };
  await store('one', 2, { state: 'withdrawn', withdrawal });
  expect(await writeExport(source, root)).toMatchObject({ removed: 1, left: 1 });
  expect(await readdir(path('v1/kernels'))).not.toContain(buildId);
  expect(await blobs()).toBe(6);
  expect(await listed()).toEqual([buildIdOf('two')]);
});

test('kernels that the source does not have stay, unless they are pruned', async () => {
  await store('one');
  await writeExport(source, root);
  stores = memoryStores();
  source = storesSource(stores, () => undefined);
  await store('two');
  expect(await writeExport(source, root)).toMatchObject({ written: 1, removed: 0 });
  expect(await listed()).toHaveLength(2);
  expect(await writeExport(source, root, { prune: true })).toMatchObject({ removed: 1, left: 1 });
  expect(await listed()).toEqual([buildIdOf('two')]);
});

test('only what is chosen, and always what verifies it', async () => {
  const { buildId } = await store('one', 1, { arch: 'aarch64' });
  await store('two');
  const only = new Only(['arch=aarch*', 'distro=fedora', 'distro=debian', 'artifact=*.ko.gz']);
  expect(await writeExport(source, root, { only })).toMatchObject({ written: 1, blobs: 4 });
  expect((await readdir(path('v1/kernels', buildId))).sort()).toEqual([
    'SHA256SUMS',
    'btf_vmlinux.ko.gz',
    'manifest',
    'manifest.sig',
    'record.json',
  ]);
  expect(() => new Only(['colour=red'])).toThrow(/KEY=PATTERN/);
});

test('a kernel that lost a blob stays as it was, and is named', async () => {
  const { buildId } = await store('one');
  await writeExport(source, root);
  const next = await store('one', 2);
  stores.kept.delete(next.artifacts['btf_vmlinux.ko'].sha256);
  const { lost, written } = await writeExport(source, root);
  expect([written, lost]).toEqual([0, [expect.objectContaining({ buildId })]]);
  expect(await readFile(kernel(buildId, 'record.json'), 'utf8')).toContain('"revision": 1');
  await writeExport(source, root);
  expect(await listed()).toEqual([buildId]);
});

test('another depot names no file outside of its kernel', async () => {
  const record = await store('one');
  const { manifest } = record.artifacts;
  const evil = { '../../../evil': manifest, '..': manifest, 'record.json': manifest, a: manifest };
  source = {
    ...source,
    record: () => Promise.resolve({ ...record, artifacts: { ...evil, manifest } }),
  };
  await writeExport(source, path('within'));
  expect(await readdir(root)).toEqual(['within']);
  const files = await readdir(path('within/v1/kernels', record.buildId));
  expect(files.sort()).toEqual(['a', 'manifest', 'record.json']);
});

test('a folder with other things in it is left alone, and so is one that is written', async () => {
  await writeFile(path('thesis.tex'), '');
  await expect(writeExport(source, root)).rejects.toThrow(/files that are not an export/);
  await writeExport(source, path('export'));
  await writeFile(path('export/.lock'), String(process.pid));
  await expect(writeExport(source, path('export'))).rejects.toMatchObject({ code: 'busy' });
});
