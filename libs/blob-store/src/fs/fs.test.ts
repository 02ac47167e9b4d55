import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIdOf, collect, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../errors.ts';
import { openFsStores } from './open.ts';

const folder = folderOfEachTest();

const bytes = someBytes(100, 'file system');
const sha256 = sha256Of(bytes);
const buildId = buildIdOf('file system');

it('lays blobs and records out by the first byte of their names', async () => {
  const { blobs, records } = await openFsStores(folder);
  await blobs.put(sha256, bytes);
  await records.put(kernelRecord({ buildId }), undefined);
  const files = await readdir(folder, { recursive: true });
  expect(files).toContain(`blobs/sha256/${sha256.slice(0, 2)}/${sha256}`);
  expect(files).toContain(`kernels/${buildId.slice(0, 2)}/${buildId}/record/1.json`);
  expect(await readdir(join(folder, 'unfinished'))).toEqual([]);
});

it('empties a replaced record but does not give its name free', async () => {
  const { records } = await openFsStores(folder);
  const record = kernelRecord({ buildId });
  await records.put({ ...record, revision: 2 }, await records.put(record, undefined));
  const path = join(folder, 'kernels', buildId.slice(0, 2), buildId, 'record');
  expect(await readdir(path)).toEqual(['1.json', '2.json']);
  expect((await stat(join(path, '1.json'))).size).toBe(0);
});

it('makes no store where it may not, and takes a folder for one that has any part of it', async () => {
  const open = (name: string) => openFsStores(join(folder, name), { make: false });
  await expect(open('mistyped')).rejects.toThrow(StoreUnavailable);
  expect(await readdir(folder)).toEqual([]);
  await mkdir(join(folder, 'other', 'files'), { recursive: true });
  await expect(open('other')).rejects.toThrow('contains no store');
  for (const part of ['blobs', 'kernels', 'tokens', 'unfinished']) {
    await mkdir(join(folder, part, part), { recursive: true });
    await expect(open(part)).resolves.toHaveProperty('records');
  }
});

it('removes old unfinished files at the start, and leaves those being written', async () => {
  await openFsStores(folder);
  const old = join(folder, 'unfinished', 'old');
  const fresh = join(folder, 'unfinished', 'fresh');
  await writeFile(old, bytes);
  await writeFile(fresh, bytes);
  const hoursAgo = new Date(Date.now() - 2 * 3600 * 1000);
  await utimes(old, hoursAgo, hoursAgo);
  await openFsStores(folder);
  expect(await readdir(join(folder, 'unfinished'))).toEqual(['fresh']);
});

it('leaves nothing behind of a put that failed', async () => {
  const { blobs, records } = await openFsStores(folder);
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(folder, 'blobs', 'sha256', sha256.slice(0, 2)), 'a file in the way');
  await writeFile(join(folder, 'kernels'), 'another');
  await expect(blobs.put(sha256, bytes)).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(records.put(kernelRecord({ buildId }), undefined)).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  expect(await readdir(join(folder, 'unfinished'))).toEqual([]);
});

it.each(['put', 'replace'] as const)(
  'a folder at the place of a blob is no blob; %s moves it aside',
  async (write) => {
    const { blobs } = await openFsStores(folder);
    const place = join(folder, 'blobs', 'sha256', sha256.slice(0, 2));
    await mkdir(join(place, sha256, 'inner'), { recursive: true });
    expect(await blobs.has(sha256)).toBe(false);
    expect(await blobs.get(sha256)).toBeUndefined();
    expect(await blobs.stream(sha256)).toBeUndefined();
    expect(await collect(blobs.list())).toEqual([]);
    await blobs[write](sha256, bytes);
    expect(Buffer.from((await blobs.get(sha256)) ?? '')).toEqual(Buffer.from(bytes));
    const moved = (await readdir(place)).filter((name) => name.startsWith(`${sha256}.folder-`));
    expect(moved).toHaveLength(1);
    expect(await readdir(join(place, moved[0] ?? ''))).toEqual(['inner']);
    expect(await readdir(join(folder, 'unfinished'))).toEqual([]);
  },
);

it('leaves nothing behind of a rename that failed, and names no path to clients', async () => {
  const { records } = await openFsStores(folder);
  const record = kernelRecord({ buildId });
  const version = await records.put(record, undefined);
  const path = join(folder, 'kernels', buildId.slice(0, 2), buildId, 'record', '1.json');
  await rm(path);
  await mkdir(join(path, 'in the way'), { recursive: true });
  const failed = records.put({ ...record, revision: 2 }, version);
  await expect(failed).rejects.toMatchObject({ code: 'store-unavailable' });
  await expect(failed).rejects.not.toThrow(folder);
  expect(await readdir(join(folder, 'unfinished'))).toEqual([]);
});

it('overlooks what is not a record', async () => {
  const { records } = await openFsStores(folder);
  const version = await records.put(kernelRecord({ buildId }), undefined);
  await writeFile(join(folder, 'kernels', 'README'), 'by hand');
  await mkdir(join(folder, 'kernels', 'zz', 'not-a-build-id'), { recursive: true });
  const kernel = join(folder, 'kernels', buildId.slice(0, 2));
  await mkdir(join(kernel, `${buildId.slice(0, 2)}000000`));
  await writeFile(join(kernel, buildId, 'record', '99.json.bak'), '{}');
  expect(await collect(records.list())).toEqual([{ buildId, version }]);
  expect((await records.get(buildId))?.version).toBe(version);
});

it('names the kernel whose record is malformed', async () => {
  const { records } = await openFsStores(folder);
  const path = join(folder, 'kernels', buildId.slice(0, 2), buildId, 'record');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, '1.json'), '{"schema":1}');
  await expect(records.get(buildId)).rejects.toThrow(buildId);
  await expect(records.get(buildId)).rejects.toMatchObject({
    code: 'damaged-record',
    version: '1',
  });
  await writeFile(join(path, '1.json'), '{"schema":99}');
  await expect(records.get(buildId)).rejects.toMatchObject({ code: 'newer-schema' });
});

it('says at the start, and when asked, that the folder cannot be used', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(openFsStores(join(file, 'store'))).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  const { blobs } = await openFsStores(join(folder, 'store'));
  await rm(join(folder, 'store'), { recursive: true });
  await expect(blobs.check()).rejects.toBeInstanceOf(StoreUnavailable);
});
