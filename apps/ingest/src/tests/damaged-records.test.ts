import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withdraw } from '@btf-depot/depot';
import { openFsStores } from '@btf-depot/blob-store';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;
beforeAll(async () => {
  ingest = await startIngest({});
});
afterAll(() => ingest.stop());

type Json = Record<string, unknown>;

/** Sends a kernel, and writes something else into its record. */
async function damaged(seed: string, change: (record: Json) => unknown) {
  const buildId = buildIdOf(seed);
  const kernel = kernelFile({ buildId });
  const send = () => sendParts(ingest.url, { kernel }, '');
  expect(await send()).toMatchObject({ status: 201 });
  const folder = join(ingest.folder, 'kernels', buildId.slice(0, 2), buildId, 'record');
  const newest = (await readdir(folder))
    .map((name) => Number.parseInt(name, 10))
    .sort()
    .at(-1);
  const path = join(folder, `${newest}.json`);
  const made = change(JSON.parse(await readFile(path, 'utf8')) as Json);
  await writeFile(path, typeof made === 'string' ? made : JSON.stringify(made));
  const get = async () => (await fetch(`${ingest.url}/v1/kernels/${buildId}`)).status;
  return { buildId, send, get };
}

describe('a record that cannot be read is one kernel’s fault', () => {
  test('a malformed part of it is left out, and the kernel is served and sent again', async () => {
    const kernel = await damaged('a bad field', (record) => ({
      ...record,
      carrier: { ...(record.carrier as Json), load: { structModule: { nameOffset: -1 } } },
    }));
    expect(await kernel.get()).toBe(200);
    expect((await kernel.send()).status).toBeOneOf([200, 201]);
    expect(await ingest.record(kernel.buildId)).toMatchObject({ buildId: kernel.buildId });
  });

  test.each([
    ['no JSON', () => '{'],
    ['no core', ({ core: _, ...others }: Json) => ({ ...others, revision: 5 })],
  ])('another upload replaces one with %s, under a higher revision', async (what, change) => {
    const kernel = await damaged(what, change);
    expect(await kernel.get()).toBe(500);
    expect(await kernel.send()).toMatchObject({
      status: 201,
      // Of no JSON, the folder's count of writes is known.
      body: { revision: what === 'no core' ? 6 : 2 },
    });
    expect(await kernel.get()).toBe(200);
  });

  test('an operator withdraws it', async () => {
    const kernel = await damaged('to be withdrawn', () => '{');
    const { records } = await openFsStores(ingest.folder);
    const at = new Date().toISOString();
    await withdraw(records, kernel.buildId, { reason: 'damaged', at });
    expect(await ingest.record(kernel.buildId)).toMatchObject({ state: 'withdrawn' });
    expect(await kernel.send()).toMatchObject({ status: 410 });
  });

  test('one of a newer version is never replaced', async () => {
    const kernel = await damaged('newer', (record) => ({
      ...record,
      schema: 99,
      core: 'elsewhere',
    }));
    expect(await kernel.send()).toMatchObject({ status: 503, body: { code: 'newer-schema' } });
  });
});

test('the same file heals a damaged part as soon as a reader has noticed it', async () => {
  const kernel = kernelFile({ buildId: buildIdOf('a damaged part') });
  const send = () => sendParts(ingest.url, { kernel }, '');
  expect(await send()).toMatchObject({ status: 201 });
  const { sha256 } = (await ingest.record(buildIdOf('a damaged part')))?.core ?? { sha256: '' };
  const path = join(ingest.folder, 'blobs', 'sha256', sha256.slice(0, 2), sha256);
  const bytes = await readFile(path);
  await writeFile(path, bytes.with(100, bytes[100] ^ 1));
  expect(await send()).toMatchObject({ status: 200 });
  await expect(ingest.blobs.get(sha256)).rejects.toMatchObject({ code: 'damaged-blob' });
  expect(await send()).toMatchObject({ status: 200 });
  expect(await ingest.blobs.get(sha256)).toEqual(bytes);
});

test('a withdrawn kernel stays withdrawn when its record is damaged, and its revision goes on', async () => {
  const buildId = buildIdOf('withdrawn');
  const at = new Date().toISOString();
  const withdrawn = async () => {
    await withdraw(ingest.records, buildId, { reason: 'wrong types', at });
  };
  const kernel = await damaged('withdrawn', (record) => ({ ...record, revision: 7 }));
  await withdrawn();
  const folder = join(ingest.folder, 'kernels', buildId.slice(0, 2), buildId, 'record');
  const [newest = ''] = (await readdir(folder)).toSorted(
    (a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10),
  );
  const text = await readFile(join(folder, newest), 'utf8');
  await writeFile(join(folder, newest), text.slice(0, -5));
  expect(await kernel.send()).toMatchObject({ status: 410 });
  const restored = await sendParts(
    ingest.url,
    { kernel: kernelFile({ buildId }) },
    '?restore=true',
  );
  expect(restored).toMatchObject({ status: 201 });
  expect((await ingest.record(buildId))?.revision).toBeGreaterThan(7);
});
