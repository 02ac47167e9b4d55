import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMinio, type MinioServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Stores } from '../stores.ts';
import { openMinioStores } from './open.ts';
import type { MinioSettings } from './settings.ts';

const unavailable = { code: 'store-unavailable' };
const bytes = someBytes(1000, 'outage');
const sha256 = sha256Of(bytes);
const record = kernelRecord({ buildId: buildIdOf('outage') });

/** Everything that one can ask of the stores. */
const questions: [string, (stores: Stores) => Promise<unknown>][] = [
  ['blobs.put', ({ blobs }) => blobs.put(sha256, bytes)],
  ['blobs.get', ({ blobs }) => blobs.get(sha256)],
  ['blobs.stream', ({ blobs }) => blobs.stream(sha256)],
  ['blobs.load', ({ blobs }) => blobs.load(sha256, (size) => Buffer.alloc(size))],
  ['blobs.has', ({ blobs }) => blobs.has(sha256)],
  ['blobs.list', ({ blobs }) => blobs.list()[Symbol.asyncIterator]().next()],
  ['blobs.delete', ({ blobs }) => blobs.delete(sha256)],
  ['blobs.check', ({ blobs }) => blobs.check()],
  ['records.put', ({ records }) => records.put(record, undefined)],
  ['records.get', ({ records }) => records.get(record.buildId)],
  ['records.list', ({ records }) => records.list()[Symbol.asyncIterator]().next()],
];

describeWithServices(['minio'], 'a MinIO of its own', () => {
  let minio: MinioServer;
  let settings: MinioSettings;

  beforeAll(async () => {
    minio = await startMinio();
    const { endpoint, accessKey, secretKey } = minio;
    const limits = { timeoutMs: 500, silenceMs: 500 };
    settings = { endpoint, accessKey, secretKey, bucket: randomUUID(), ...limits };
  });
  afterAll(() => minio.stop());

  /** Whether it says anything; each of its threads takes a moment to stop. */
  const answers = (): Promise<boolean> =>
    fetch(minio.endpoint, { signal: AbortSignal.timeout(100) }).then(
      () => true,
      () => false,
    );

  it.each(questions)('%s does not wait for a server that is silent', async (_, ask) => {
    const stores = await openMinioStores(settings);
    process.kill(minio.server.pid ?? 0, 'SIGSTOP');
    try {
      while (await answers()) await sleep(10);
      const started = performance.now();
      await expect(ask(stores)).rejects.toMatchObject({
        ...unavailable,
        message: expect.stringContaining('no answer within 500 ms') as string,
      });
      expect(performance.now() - started).toBeLessThan(2000);
    } finally {
      process.kill(minio.server.pid ?? 0, 'SIGCONT');
    }
    // What the silent server had taken in by then, it may still do.
    await sleep(100);
  });

  it('says that the server is away, and goes on with what it had when it is back', async () => {
    const stores = await openMinioStores(settings);
    const other = kernelRecord({ buildId: buildIdOf('kept') });
    const version = await stores.records.put(other, undefined);
    await minio.server.kill();
    for (const [, ask] of questions) await expect(ask(stores)).rejects.toMatchObject(unavailable);
    await expect(openMinioStores(settings)).rejects.toMatchObject(unavailable);
    await minio.server.restart();
    expect(await stores.records.get(other.buildId)).toEqual({ record: other, version });
  });

  it('says at the start that the keys are wrong', async () => {
    await expect(openMinioStores({ ...settings, secretKey: 'wrong' })).rejects.toMatchObject(
      unavailable,
    );
  });
});
