import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openMinioStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { startMinio, startRedis, type MinioServer, type RedisServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile, sha256Of } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { runIn } from '@btf-depot/testing/programs';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BLOB_DAMAGES, blobKey, damageObject, recordKey } from './damages.ts';
import { rawBucket, type RawBucket } from './raw-bucket.ts';

const KINDS = Object.keys(BLOB_DAMAGES);

describeWithServices(['redis', 'minio'], 'blobs and records that are damaged in a bucket', () => {
  let redis: RedisServer;
  let minio: MinioServer;
  const folder = testFolder();
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;
  let stores: Awaited<ReturnType<typeof openMinioStores>>;
  let raw: RawBucket;
  const bucket = `damage-${process.pid}`;
  const counts = { complete: 0, refused: 0, wrong: 0 };

  beforeAll(async () => {
    redis = await startRedis();
    minio = await startMinio();
    services = await startServiceProcesses(
      { redisUrl: redis.url, minio, bucket },
      {
        BTFDEPOT_HOT_BLOBS: '1',
        BTFDEPOT_RECORD_AGE: '0.05',
        BTFDEPOT_SWEEP_PERIOD: '0.5',
        BTFDEPOT_JOB_BACKOFF: '0.2',
      },
    );
    const { endpoint, accessKey, secretKey } = minio;
    stores = await openMinioStores({ endpoint, accessKey, secretKey, bucket });
    raw = rawBucket({ endpoint, accessKey, secretKey, bucket }, folder);
  });
  afterAll(async () => {
    await services.stop();
    await redis.stop();
    await minio.stop();
    expect(counts.wrong).toBe(0);
    expect(counts.refused).toBeGreaterThan(0);
  });

  const status = async (buildId: string) =>
    (await new DepotClient(services.url('fetch')).status(buildId)) ?? {};
  const becomes = (buildId: string, expected: object) =>
    expect.poll(() => status(buildId)).toMatchObject(expected);
  const push = (seed: string) =>
    btfdepot(['push', '--url', services.url('ingest'), seed.replaceAll(' ', '_')], folder, {
      BTFDEPOT_URL: services.url('fetch'),
    });

  async function upload(seed: string) {
    const buildId = buildIdOf(seed);
    const name = seed.replaceAll(' ', '_');
    const btf = kernelBtf({ name, globals: true });
    await writeFile(join(folder, name), kernelFile({ buildId, btf }));
    const kernel = new Blob([new Uint8Array(await readFile(join(folder, name)))]);
    await new DepotClient(services.url('ingest')).upload({ kernel });
    return buildId;
  }

  const damage = (kind: string, sha256: string) =>
    damageObject(raw, blobKey(sha256), BLOB_DAMAGES[kind]);

  /** Answers that curl reports as complete are compared with the hash. */
  async function read(sha256: string): Promise<boolean> {
    const file = join(folder, 'answer');
    await rm(file, { force: true });
    const path = `${services.url('fetch')}/v1/blobs/sha256/${sha256}`;
    const isComplete = await runIn(folder, ['curl', '-fsS', '-o', file, path]).then(
      () => true,
      () => false,
    );
    counts[isComplete ? 'complete' : 'refused']++;
    if (isComplete && sha256Of(await readFile(file)) !== sha256) counts.wrong++;
    return isComplete;
  }

  test.each(KINDS)('a part with %s before it was packed ends as a failed kernel', async (kind) => {
    await services.process('compressor').stop();
    const buildId = await upload(`unpacked ${kind}`);
    const stored = await stores.records.get(buildId);
    await damage(kind, stored?.record.core.sha256 ?? '');
    await services.start('compressor');
    await becomes(buildId, { state: 'failed' });
    expect(await push(`unpacked ${kind}`)).toMatchObject({ code: 0 });
    await becomes(buildId, { state: 'ready' });
    expect(await read(stored?.record.core.sha256 ?? '')).toBe(true);
  });

  test.each(KINDS)('a published kernel heals from %s', async (kind) => {
    const buildId = await upload(`published ${kind}`);
    await becomes(buildId, { state: 'ready' });
    const stored = await stores.records.get(buildId);
    const artifact = stored?.record.artifacts['btf_vmlinux.ko.gz']?.sha256 ?? '';
    const core = stored?.record.core.sha256 ?? '';
    await damage(kind, artifact);
    expect(await read(artifact)).toBe(false);
    await becomes(buildId, { state: 'ready', revision: 2 });
    expect(await read(artifact)).toBe(true);
    await damage(kind, core);
    expect(await read(core)).toBe(false);
    await becomes(buildId, { state: 'failed', report: { failure: { code: 'lost-part' } } });
    expect(await push(`published ${kind}`)).toMatchObject({ code: 0 });
    await becomes(buildId, { state: 'ready' });
    expect(await read(core)).toBe(true);
  });

  test.each(['', '{', '{"schema": 1}'])('a record with bytes %j makes way', async (bytes) => {
    const seed = `record ${bytes.length}`;
    const buildId = await upload(seed);
    await becomes(buildId, { state: 'ready' });
    await raw.put(recordKey(buildId), new TextEncoder().encode(bytes));
    await expect(stores.records.get(buildId)).rejects.toMatchObject({
      code: 'damaged-record',
      version: expect.stringMatching(/./) as string,
    });
    const { endpoint, accessKey, secretKey } = minio;
    const settings = {
      BTFDEPOT_S3_ENDPOINT: endpoint,
      BTFDEPOT_S3_BUCKET: bucket,
      BTFDEPOT_S3_ACCESS_KEY: accessKey,
      BTFDEPOT_S3_SECRET_KEY: secretKey,
    };
    const fsck = await btfdepot(['fsck', '--repair', '--blobs-only'], folder, settings);
    expect(fsck.output).toContain(`set aside: damaged/records/${buildId}.`);
    await upload(seed);
    await becomes(buildId, { state: 'ready' });
  });
});
