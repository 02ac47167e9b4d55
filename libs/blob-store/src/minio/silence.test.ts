import { sha256Of, someBytes, buildIdOf, kernelRecord } from '@btf-depot/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Stores } from '../stores.ts';
import { startFakeS3 } from '../testing/fake-s3.ts';
import { openMinioStores } from './open.ts';

/** Milliseconds. The writes below take several times as long. */
const SILENCE = 300;
vi.setConfig({ testTimeout: 60_000 });

const bytes = someBytes(1000, 'silence');
const sha256 = sha256Of(bytes);
const record = kernelRecord({ buildId: buildIdOf('silence') });
const load = ({ blobs }: Stores) => blobs.load(sha256, (size) => Buffer.alloc(size));

/** Every question to the store, and the test of a write that uploads wait for. */
const questions: [string, (stores: Stores) => Promise<unknown>][] = [
  ['blobs.get', ({ blobs }) => blobs.get(sha256)],
  ['blobs.stream', ({ blobs }) => blobs.stream(sha256)],
  ['blobs.load', load],
  ['blobs.has', ({ blobs }) => blobs.has(sha256)],
  ['blobs.put', ({ blobs }) => blobs.put(sha256, bytes)],
  ['blobs.list', ({ blobs }) => blobs.list()[Symbol.asyncIterator]().next()],
  ['blobs.check', ({ blobs }) => blobs.check()],
  ['damage.list', ({ blobs }) => blobs.damage.list()[Symbol.asyncIterator]().next()],
  ['records.get', ({ records }) => records.get(record.buildId)],
  ['records.list', ({ records }) => records.list()[Symbol.asyncIterator]().next()],
  ['tokens.get', ({ tokens }) => tokens.get('0123456789abcdef')],
  ['tokens.list', ({ tokens }) => tokens.list()[Symbol.asyncIterator]().next()],
  ['checkWrites', ({ checkWrites }) => checkWrites()],
];

describe('a server that accepts connections and says nothing', () => {
  let server: Awaited<ReturnType<typeof startFakeS3>>;
  let stores: Stores;

  beforeEach(async () => {
    server = await startFakeS3('nothing');
    const { endpoint } = server;
    const keys = { accessKey: 'key', secretKey: 'secret' };
    const limits = { silenceMs: SILENCE, timeoutMs: 45_000 };
    stores = await openMinioStores({ endpoint, bucket: 'bucket', ...keys, ...limits });
  });
  afterEach(() => server.stop());

  it.each(questions)('%s fails by the limit of silence, not of a request', async (_, ask) => {
    server.silent();
    await expect(ask(stores)).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/within 300 ms/) as string,
    });
  });

  it('is asked once, whatever number of idle connections there is', async () => {
    await stores.blobs.put(sha256, bytes);
    await Promise.all([1, 2, 3, 4].map(async () => (await load(stores))?.whole));
    const asked = server.silent();
    await expect(load(stores)).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(asked()).toBe(1);
  });

  it('a write waits for bytes to be durable: longer', async () => {
    server.silent(4 * SILENCE);
    await stores.blobs.damage.add(sha256);
    expect([...server.objects.keys()]).toEqual([`damaged/${sha256}`]);
  });
});
