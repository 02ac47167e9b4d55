import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMinioStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { checkStore, collectGarbage, requeue, systemClock, type Finding } from '@btf-depot/depot';
import { createComputePool } from '@btf-depot/compute';
import { startMinio, startRedis, type MinioServer, type RedisServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, collect, kernelBtf, kernelFile } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServiceProcesses, type ServiceName } from '@btf-depot/testing/services';
import { startStoreProxy, type Step } from './store-proxy.ts';

describeWithServices(['redis', 'minio'], 'three services through faults', () => {
  let redis: RedisServer;
  let minio: MinioServer;
  let proxy: Awaited<ReturnType<typeof startStoreProxy>>;
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;
  const bucket = `faults-${process.pid}`;
  /** Every acknowledged kernel: in the end each must be ready and whole. */
  const acknowledged = new Set<string>();

  beforeAll(async () => {
    redis = await startRedis();
    minio = await startMinio();
    proxy = await startStoreProxy(minio.endpoint);
    services = await startServiceProcesses(
      { redisUrl: redis.url, minio: { ...minio, endpoint: proxy.endpoint }, bucket },
      {
        BTFDEPOT_JOB_SILENCE: '0.5',
        BTFDEPOT_JOB_BACKOFF: '0.2',
        BTFDEPOT_SWEEP_PERIOD: '1',
      },
    );
  });

  afterAll(async () => {
    await services.stop();
    proxy.stop();
    await redis.stop();
    await minio.stop();
  });

  const upload = async (seed: string, url = services.url('ingest'), ballast = 10) => {
    const buildId = buildIdOf(seed);
    // A kernel of its own, so that the store has none of its blobs yet.
    const shape = { ballast, name: seed.replaceAll(/\W/g, '_') };
    const btf = kernelBtf(shape);
    const kernel = new Blob([new Uint8Array(kernelFile({ buildId, btf }))]);
    const full = new Blob([new Uint8Array(kernelBtf({ ...shape, globals: true }))]);
    await new DepotClient(url).upload({ kernel, full });
    acknowledged.add(buildId);
    return buildId;
  };
  const statusOf = (buildId: string) => new DepotClient(services.url('fetch')).status(buildId);
  const becomes = (buildId: string, state: string) =>
    expect
      .poll(async () => (await statusOf(buildId))?.state, { timeout: 60_000, interval: 100 })
      .toBe(state);
  const kill = (name: ServiceName) => services.process(name).stop('SIGKILL');

  const boundaries: [step: Step, when: 'before' | 'after'][] = [
    ['put blob', 'before'],
    ['put blob', 'after'],
    ['put record', 'before'],
    ['put record', 'after'],
  ];

  describe('kill -9', () => {
    test.each(boundaries)('of ingest, %s, %s the store has it', async (step, when) => {
      const seed = `ingest ${step} ${when}`;
      proxy.trap({ step, when, act: () => kill('ingest') });
      await expect(upload(seed)).rejects.toThrow();
      await services.start('ingest');
      await becomes(await upload(seed), 'ready');
    });

    test.each(boundaries)('of the compressor, %s, %s the store has it', async (step, when) => {
      await kill('compressor');
      const buildId = await upload(`compressor ${step} ${when}`);
      const killed = Promise.withResolvers<undefined>();
      proxy.trap({
        step,
        when,
        act: () => kill('compressor').then(() => killed.resolve(undefined)),
      });
      await services.start('compressor');
      await killed.promise;
      await services.start('compressor');
      await becomes(buildId, 'ready');
    });

    test('of each compressor that takes one kernel: the kernel is failed, and ready after requeue', async () => {
      await kill('compressor');
      const buildId = await upload('poisoned', undefined, 15_000);
      for (let crashes = 0; crashes < 3; crashes++) {
        const compressor = await services.start('compressor');
        await compressor.line(new RegExp(`${buildId}.*job starts`));
        await kill('compressor');
      }
      await services.start('compressor');
      await becomes(buildId, 'failed');
      expect(await statusOf(buildId)).toMatchObject({ report: { failure: { code: 'poisoned' } } });
      const { records } = await stores();
      expect(await requeue(records, buildId)).toBe(true);
      await becomes(buildId, 'ready');
    });
  });

  describe('Redis', () => {
    test('out of memory: kernels acknowledged meanwhile are compressed once it has memory', async () => {
      await redisCommand('CONFIG SET maxmemory 1');
      const buildId = await upload('out of memory');
      await sleep(500);
      expect((await statusOf(buildId))?.state).toBe('compressing');
      await redisCommand('CONFIG SET maxmemory 0');
      await becomes(buildId, 'ready');
    });

    test('flushed while jobs wait', async () => {
      await kill('compressor');
      const buildIds = await Promise.all(['a', 'b', 'c'].map((seed) => upload(`flushed ${seed}`)));
      await redis.flush();
      await services.start('compressor');
      for (const buildId of buildIds) await becomes(buildId, 'ready');
    });

    test('stopped and back, without a restart of any service', async () => {
      await redis.server.kill();
      const buildId = await upload('stopped');
      await redis.server.restart();
      await becomes(buildId, 'ready');
    });
  });

  describe('the store', () => {
    test('stopped: nothing is acknowledged; back, it goes on without a restart', async () => {
      await minio.server.kill();
      await expect(upload('store stopped')).rejects.toMatchObject({ code: 'store-unavailable' });
      await minio.server.restart();
      await becomes(await upload('store stopped'), 'ready');
    });

    test('stopped under the compressor', async () => {
      await kill('compressor');
      const buildId = await upload('store stopped later');
      const act = () => minio.server.kill();
      proxy.trap({ step: 'put blob', when: 'before', act });
      const compressor = await services.start('compressor');
      await compressor.line(/job will be tried again/);
      await minio.server.restart();
      await becomes(buildId, 'ready');
    });

    test('silent for a while, then answering again', async () => {
      process.kill(minio.server.pid ?? 0, 'SIGSTOP');
      const sent = upload('silent');
      await sleep(2000);
      process.kill(minio.server.pid ?? 0, 'SIGCONT');
      await becomes(await sent, 'ready');
    });

    test('slow', async () => {
      proxy.slow(100);
      await becomes(await upload('slow'), 'ready');
      proxy.slow(0);
    });

    test('answering 503 now and then: the upload is refused or whole', async () => {
      proxy.refuse(2);
      // A sweep may have met the refusals instead.
      await upload('refusing').catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'store-unavailable' });
      });
      proxy.refuse(0);
      const buildId = await upload('refusing');
      proxy.refuse(3);
      await becomes(buildId, 'ready');
    });
  });

  test('20 uploads at once of one kernel, in four processes, end in one right record', async () => {
    const others = await Promise.all([1, 2, 3].map(() => services.startAnother('ingest')));
    const urls = [services.url('ingest'), ...others.map(({ url }) => url)];
    await Promise.all(Array.from({ length: 20 }, (_, i) => upload('twenty', urls[i % 4])));
    const buildId = buildIdOf('twenty');
    await becomes(buildId, 'ready');
    expect(await statusOf(buildId)).toMatchObject({ revision: 1 });
    const codes = await Promise.all(others.map((other) => other.process.stop()));
    expect(codes).toEqual([0, 0, 0]);
  });

  test('SIGTERM during an upload lets it end', async () => {
    proxy.slow(200);
    const sent = upload('terminated');
    await sleep(300);
    expect(await services.process('ingest').stop()).toBe(0);
    const buildId = await sent;
    proxy.slow(0);
    await services.start('ingest');
    await becomes(buildId, 'ready');
  });

  test('after all of it every acknowledged kernel is ready, whole and reproducible; gc leaves no orphan', async () => {
    const { blobs, records } = await stores();
    for (const buildId of acknowledged) {
      expect((await records.get(buildId))?.record).toMatchObject({ state: 'ready' });
    }
    const compute = createComputePool({ onError: () => undefined });
    const findings: Finding[] = [];
    const check = () =>
      checkStore(
        { blobs, records, compute, onFinding: (finding) => findings.push(finding) },
        new AbortController().signal,
      );
    await check();
    const options = { minAge: -60_000, dryRun: false };
    await collectGarbage({ blobs, records, clock: systemClock }, options);
    const report = await check();
    expect(findings).toEqual([]);
    expect(await collect(blobs.list())).toHaveLength(report.blobs);
    await compute.close();
  });

  function stores() {
    const { endpoint, accessKey, secretKey } = minio;
    return openMinioStores({ endpoint, accessKey, secretKey, bucket });
  }

  async function redisCommand(command: string): Promise<void> {
    const { hostname, port } = new URL(redis.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toBe('+OK\r\n');
  }
});
