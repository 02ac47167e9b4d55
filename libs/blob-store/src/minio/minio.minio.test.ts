import { randomUUID } from 'node:crypto';
import { MAX_BLOB_SIZE } from '@btf-depot/depot';
import { describeWithServices } from '@btf-depot/services/testing';
import {
  buildIdOf,
  collect,
  describeAskedNotes,
  describeBlobStore,
  describeRecordStore,
  describeTokenStore,
  kernelRecord,
  sha256Of,
  someBytes,
} from '@btf-depot/testing';
import { expect, it } from 'vitest';
import { openMinioStores } from './open.ts';

describeWithServices(['minio'], 'on a real MinIO', ({ minio }) => {
  async function makeStores() {
    const { endpoint, accessKey, secretKey } = minio;
    const settings = { endpoint, accessKey, secretKey, bucket: randomUUID() };
    return {
      ...(await openMinioStores(settings)),
      elsewhere: {
        module: new URL('./open.ts', import.meta.url).href,
        opener: 'openMinioStores',
        argument: settings,
      },
      // The server goes with all its buckets after the run.
      dispose: () => Promise.resolve(),
    };
  }

  it('of two that put the largest blob at the same moment, one creates it', async () => {
    const { blobs } = await makeStores();
    const bytes = someBytes(MAX_BLOB_SIZE, 'largest');
    const sha256 = sha256Of(bytes);
    const puts = await Promise.all([blobs.put(sha256, bytes), blobs.put(sha256, bytes)]);
    expect(puts.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(sha256Of((await blobs.get(sha256)) ?? new Uint8Array())).toBe(sha256);
  });

  it('lists more records than one page holds', async () => {
    const { records } = await makeStores();
    // The first page ends among those that begin alike.
    const buildIds = Array.from({ length: 1040 }, (_, index) =>
      index < 1010 ? `00${buildIdOf(String(index))}` : buildIdOf(String(index)),
    );
    for (let start = 0; start < buildIds.length; start += 50) {
      const some = buildIds.slice(start, start + 50);
      await Promise.all(some.map((buildId) => records.put(kernelRecord({ buildId }), undefined)));
    }
    const listed = await collect(records.list());
    expect(listed.map(({ buildId }) => buildId).sort()).toEqual(buildIds.sort());
  });

  it('uses one bucket from several processes that open it first', async () => {
    const { endpoint, accessKey, secretKey } = minio;
    const settings = { endpoint, accessKey, secretKey, bucket: randomUUID() };
    const opened = await Promise.all([1, 2, 3, 4].map(() => openMinioStores(settings)));
    await Promise.all(opened.map(({ blobs }) => blobs.check()));
  });

  it('keeps what records rest on, as several processes that start at once see', async () => {
    const { endpoint, accessKey, secretKey } = minio;
    const settings = { endpoint, accessKey, secretKey, bucket: randomUUID() };
    const opened = await Promise.all(
      [1, 2, 3].map(() => openMinioStores(settings, { probe: true })),
    );
    await Promise.all(opened.map(({ checkWrites }) => checkWrites()));
  });

  describeAskedNotes('a bucket', makeStores);
  describeBlobStore('a bucket', makeStores);
  describeRecordStore('a bucket', makeStores);
  describeTokenStore('a bucket', makeStores);
});
