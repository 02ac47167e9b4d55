import { setTimeout as sleep } from 'node:timers/promises';
import { openMinioStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { startRedis, type RedisServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServiceProcesses } from '@btf-depot/testing/services';

const NEXT = {
  NODE_OPTIONS: `--import=${new URL('./next-version.ts', import.meta.url).href}`,
};

describeWithServices(['redis', 'minio'], 'an old and a new version side by side', ({ minio }) => {
  let redis: RedisServer;
  let old: Awaited<ReturnType<typeof startServiceProcesses>>;
  const bucket = `upgrade-${process.pid}`;

  beforeAll(async () => {
    redis = await startRedis();
    const settings = { BTFDEPOT_SWEEP_PERIOD: '1', BTFDEPOT_JOB_BACKOFF: '0.2' };
    old = await startServiceProcesses({ redisUrl: redis.url, minio, bucket }, settings);
  });

  afterAll(async () => {
    await old.stop();
    await redis.stop();
  });

  const next = (name: 'ingest' | 'compressor', kind: 'additive' | 'breaking') =>
    old.startAnother(name, { ...NEXT, BTFDEPOT_TEST_NEXT: kind });
  const upload = async (url: string, seed: string, part: 'kernel' | 'full') => {
    const buildId = buildIdOf(seed);
    const btf = kernelBtf({ name: seed });
    const files = {
      kernel: kernelFile({ buildId, btf }),
      full: kernelBtf({ name: seed, globals: true }),
    };
    const file = { [part]: new Blob([new Uint8Array(files[part])]) };
    await new DepotClient(url).upload({ ...file, query: { buildId } });
    return buildId;
  };
  const record = async (buildId: string) => {
    const { records } = await openMinioStores({ ...minio, bucket });
    return (await records.get(buildId))?.record;
  };
  // Chance decides, each time, whether an old or a new compressor gets a job of a newer version.
  const becomes = (buildId: string, expected: object) =>
    expect.poll(() => record(buildId), { timeout: 100_000, interval: 100 }).toMatchObject(expected);
  const field = { cellar: { bottles: 12 } };

  test('fields that only the new one knows survive what the old one does', async () => {
    const ingest = await next('ingest', 'additive');
    const buildId = await upload(ingest.url, 'added', 'kernel');
    await becomes(buildId, { state: 'ready', revision: 1, schema: 2, ...field });
    await upload(old.url('ingest'), 'added', 'full');
    await becomes(buildId, { state: 'ready', revision: 2, ...field });
    await ingest.process.stop();
  });

  test(
    'records and jobs of a newer version wait for the new one, and are lost to none',
    {
      timeout: 240_000,
    },
    async () => {
      const ingest = await next('ingest', 'breaking');
      const buildId = await upload(ingest.url, 'newer', 'kernel');
      // Old compressors see the job and the record, sweep after sweep.
      await sleep(2500);
      expect(await record(buildId)).toMatchObject({ state: 'compressing', schema: 3, ...field });
      const compressor = await next('compressor', 'breaking');
      await becomes(buildId, { state: 'ready', revision: 1, schema: 3, ...field });

      await expect(upload(old.url('ingest'), 'newer', 'full')).rejects.toMatchObject({
        code: 'newer-schema',
      });
      const artifact = await new DepotClient(old.url('fetch')).artifact(buildId, 'vmlinux.btf');
      expect(artifact.bytes).toHaveLength(kernelBtf({ name: 'newer' }).length);

      await upload(ingest.url, 'newer', 'full');
      await becomes(buildId, { state: 'ready', revision: 2, schema: 3, ...field });
      const ours = await Promise.all(
        Array.from({ length: 6 }, (_, i) => upload(old.url('ingest'), `ours_${i}`, 'kernel')),
      );
      for (const id of ours) await becomes(id, { state: 'ready', schema: 2 });
      await ingest.process.stop();
      await compressor.process.stop();
    },
  );
});
