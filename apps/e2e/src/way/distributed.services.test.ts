import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { startRedis, type RedisServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile, TEST_GLOBALS } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

/** A kernel takes seconds of CPU time, which on a busy machine are a minute. */
vi.setConfig({ testTimeout: 300_000 });

describeWithServices(['redis', 'minio'], 'three services over Redis and MinIO', ({ minio }) => {
  const folder = testFolder();
  let redis: RedisServer;
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;

  beforeAll(async () => {
    // A Redis of our own: it is flushed and stopped here.
    redis = await startRedis();
    const bucket = `distributed-${process.pid}`;
    services = await startServiceProcesses({ redisUrl: redis.url, minio, bucket });
  });

  afterAll(async () => {
    await services.stop();
    await redis.stop();
  });

  /** A kernel that takes the compressor a second or two. */
  async function writeKernel(seed: string, ballast = 40_000): Promise<string> {
    const buildId = buildIdOf(seed);
    const btf = kernelBtf({ ballast });
    await writeFile(join(folder, seed), kernelFile({ buildId, btf }));
    await writeFile(join(folder, `${seed}.full`), kernelBtf({ ballast, globals: true }));
    return buildId;
  }

  const upload = async (seed: string) =>
    new DepotClient(services.url('ingest')).upload({
      kernel: new Blob([await readFile(join(folder, seed))]),
      full: new Blob([await readFile(join(folder, `${seed}.full`))]),
    });

  const ready = (buildId: string) =>
    new DepotClient(services.url('fetch')).waitUntilDone(buildId, AbortSignal.timeout(250_000));

  test('a kernel goes the whole way', async () => {
    const buildId = await writeKernel('whole');
    const pushed = await btfdepot(
      ['push', '--url', services.url('ingest'), 'whole', '--full', 'whole.full'],
      folder,
    );
    expect(pushed.output).toContain(`${TEST_GLOBALS.length} variables`);
    expect(pushed.code).toBe(0);
    const got = await btfdepot(['get', '--url', services.url('fetch'), buildId], folder);
    expect(got.output).toContain('SHA-256 checked');
  });

  test('all are ready, and say so', async () => {
    for (const name of ['ingest', 'compressor', 'fetch'] as const) {
      const answer = await fetch(`${services.url(name)}/readyz`);
      expect(await answer.json()).toEqual({ status: 'ready', failing: {}, degraded: {} });
    }
  });

  test('a compressor killed in its job, and a queue that forgot: the kernel becomes ready', async () => {
    const buildId = await writeKernel('killed');
    const starts = services.process('compressor').line(new RegExp(`${buildId}.*job starts`));
    await upload('killed');
    await starts;
    expect(await services.process('compressor').stop('SIGKILL')).toBeNull();
    expect(await new DepotClient(services.url('fetch')).status(buildId)).toMatchObject({
      state: 'compressing',
    });
    await redis.flush();
    await services.start('compressor');
    expect(await ready(buildId)).toMatchObject({ state: 'ready', revision: 1 });
  });

  test('SIGTERM lets the compressor finish its job', async () => {
    const buildId = await writeKernel('finished');
    const starts = services.process('compressor').line(new RegExp(`${buildId}.*job starts`));
    await upload('finished');
    await starts;
    expect(await services.process('compressor').stop()).toBe(0);
    expect(await ready(buildId)).toMatchObject({ state: 'ready' });
    await services.start('compressor');
  });

  test('an upload is acknowledged while the queue is away, and compressed when it is back', async () => {
    const buildId = await writeKernel('queueless', 10);
    await redis.server.kill();
    const { outcome } = await upload('queueless');
    expect(outcome).toBe('created');
    const answer = await fetch(`${services.url('ingest')}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/"ready","failing":\{\},"degraded":\{"queue":/);
    await redis.server.restart();
    // The sweeper runs every minute; a compressor that starts sweeps at once.
    await services.process('compressor').stop('SIGKILL');
    await services.start('compressor');
    expect(await ready(buildId)).toMatchObject({ state: 'ready' });
  });

  test('the same kernel sent six times at once ends in one record', async () => {
    const buildId = await writeKernel('twice', 10);
    await Promise.all(Array.from({ length: 6 }, () => upload('twice')));
    expect(await ready(buildId)).toMatchObject({ state: 'ready', revision: 1 });
  });

  test('SIGTERM ends each in order', async () => {
    expect(await services.stop()).toEqual([0, 0, 0]);
  });
});
