import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMinioStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { checkStore, type Finding } from '@btf-depot/depot';
import { createComputePool } from '@btf-depot/compute';
import {
  makeSmallDisk,
  startClock,
  startMinio,
  startRedis,
  type MinioServer,
  type RedisServer,
  type SettableClock,
  type SmallDisk,
} from '@btf-depot/services';
import { provided, type Provided } from '@btf-depot/services/provision';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServiceProcesses } from '@btf-depot/testing/services';

const MINUTE = 60;

describeWithServices(['redis', 'minio'], 'three services on a machine with faults', () => {
  let redis: RedisServer;
  let minio: MinioServer;
  let disk: Provided<SmallDisk>;
  let clock: Provided<SettableClock>;
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;
  const bucket = `machine-${process.pid}`;
  const acknowledged = new Set<string>();

  beforeAll(async () => {
    redis = await startRedis();
    disk = await provided(() => makeSmallDisk(64));
    minio = await startMinio('value' in disk ? disk.value : undefined);
    clock = await provided(startClock);
    const shifted = 'value' in clock ? clock.value.environment : {};
    services = await startServiceProcesses(
      { redisUrl: redis.url, minio, bucket },
      {
        ...shifted,
        BTFDEPOT_JOB_SILENCE: '0.5',
        BTFDEPOT_JOB_BACKOFF: '0.2',
        BTFDEPOT_JOB_CRASHES: '50',
        BTFDEPOT_SWEEP_PERIOD: '1',
      },
    );
  });

  afterAll(async () => {
    await services.stop();
    await redis.stop();
    await minio.stop();
    if ('value' in clock) await clock.value.stop();
    if ('value' in disk) await disk.value.stop();
  });

  const upload = async (
    seed: string,
    { url = services.url('ingest'), ballast = 10, size = 0 } = {},
  ) => {
    const buildId = buildIdOf(seed);
    const shape = { ballast, name: seed.replaceAll(/\W/g, '_') };
    const btf = kernelBtf(shape);
    const kernel = new Blob([new Uint8Array(kernelFile({ buildId, btf, ballast: size }))]);
    const full = new Blob([new Uint8Array(kernelBtf({ ...shape, globals: true }))]);
    await new DepotClient(url).upload({ kernel, full });
    acknowledged.add(buildId);
    return buildId;
  };
  const stateOf = async (buildId: string) =>
    (await new DepotClient(services.url('fetch')).status(buildId))?.state;
  const becomesReady = (buildId: string) =>
    expect.poll(() => stateOf(buildId), { timeout: 60_000, interval: 100 }).toBe('ready');

  test('two compressors on one job, of which one counted as dead, give the same result', async () => {
    const compressor = services.process('compressor');
    const buildId = await upload('shared job', { ballast: 15_000 });
    await compressor.line(new RegExp(`${buildId}.*job starts`));
    compressor.signal('SIGSTOP');
    const other = await services.startAnother('compressor');
    await other.process.line(new RegExp(`${buildId}.*job starts`));
    compressor.signal('SIGCONT');
    await becomesReady(buildId);
    const status = await new DepotClient(services.url('fetch')).status(buildId);
    expect(status).toMatchObject({ revision: 1 });
    expect(await other.process.stop()).toBe(0);
  });

  test('the disk of the store full: refused, or compressed when there is space', async (context) => {
    if ('absent' in disk) return context.skip(disk.absent);
    await services.process('compressor').stop('SIGKILL');
    const buildId = await upload('before it was full');
    const free = await disk.value.fill();
    await expect(upload('while full', { ballast: 40_000 })).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    const compressor = await services.start('compressor');
    await compressor.line(/job will be tried again/);
    expect(await stateOf(buildId)).toBe('compressing');
    await free();
    await becomesReady(buildId);
    await becomesReady(await upload('while full', { ballast: 40_000 }));
  });

  test('the disk of ingest full: 507, and the next upload has its space again', async (context) => {
    const made = await provided(() => makeSmallDisk(8));
    if ('absent' in made) return context.skip(made.absent);
    const small = made.value;
    const within = { BTFDEPOT_DATA: small.path, BTFDEPOT_KEEP_FREE: '0' };
    const ingest = await services.startAnother('ingest', within, small.command);
    const { url } = ingest;
    const large = upload('too large', { url, size: 10_000_000 });
    await expect(large).rejects.toMatchObject({ code: 'disk-full', status: 507 });
    await becomesReady(await upload('small enough', { url }));
    expect(await ingest.process.stop()).toBe(0);
    await small.stop();
  });

  test('two ingests on one disk: of two uploads that fit once, one begins', async (context) => {
    const made = await provided(() => makeSmallDisk(64));
    if ('absent' in made) return context.skip(made.absent);
    const small = made.value;
    const within = { BTFDEPOT_DATA: small.path, BTFDEPOT_KEEP_FREE: '0' };
    const ingests = await Promise.all(
      [1, 2].map(() => services.startAnother('ingest', within, small.command)),
    );
    // They announce what they never send.
    const uploads = ingests.map(({ url }) => {
      const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': 40_000_000 };
      const sending = request(`${url}/v1/kernels`, { method: 'POST', headers });
      sending.once('error', () => undefined);
      sending.flushHeaders();
      return sending;
    });
    const answered = uploads.map(async (sending, index) => {
      const [{ statusCode }] = (await once(sending, 'response')) as [{ statusCode: number }];
      return { index, statusCode };
    });
    const refused = await Promise.race(answered);
    expect(refused.statusCode).toBe(507);
    const url = ingests[refused.index]?.url;
    const large = () => upload('fits alone', { url, size: 30_000_000 });
    await expect(large()).rejects.toMatchObject({ code: 'disk-full' });
    for (const sending of uploads) sending.destroy();
    await expect
      .poll(() => large().catch(String), { timeout: 60_000 })
      .toBe(buildIdOf('fits alone'));
    for (const { process } of ingests) expect(await process.stop()).toBe(0);
    await small.stop();
  });

  test('a silent store: a fetch with nothing in memory, and an ingest, refuse before long', async () => {
    const buildId = await upload('before the silence');
    await becomesReady(buildId);
    const within = { BTFDEPOT_S3_SILENCE: '1' };
    const [fetching, ingest] = await Promise.all([
      services.startAnother('fetch', within),
      services.startAnother('ingest', within),
    ]);
    const { pid = 0 } = minio.server;
    const isSilent = () =>
      fetch(minio.endpoint, { signal: AbortSignal.timeout(200) }).then(
        () => false,
        () => true,
      );
    const refusal = {
      code: 'store-unavailable',
      detail: expect.stringContaining('within 1000 ms') as string,
    };
    process.kill(pid, 'SIGSTOP');
    try {
      await expect.poll(isSilent, { timeout: 60_000 }).toBe(true);
      const refused = await fetch(`${fetching.url}/v1/kernels/${buildId}/vmlinux.btf`);
      expect([refused.status, await refused.json()]).toEqual([
        503,
        expect.objectContaining(refusal),
      ]);
      const body = new Uint8Array(2_000_000);
      const sent = await fetch(`${ingest.url}/v1/kernels`, { method: 'POST', body });
      expect([sent.status, await sent.json()]).toEqual([503, expect.objectContaining(refusal)]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await becomesReady(await upload('after the silence', { url: ingest.url }));
    for (const one of [fetching, ingest]) expect(await one.process.stop()).toBe(0);
  });

  test('an ingest killed in the midst of an upload leaves nothing', async () => {
    const { process, url } = await services.startAnother('ingest');
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new Uint8Array(64 * 1024));
        await sleep(10);
      },
    });
    const sending = fetch(`${url}/v1/kernels`, { method: 'POST', body, duplex: 'half' });
    sending.catch(() => undefined);
    await sleep(500);
    await process.stop('SIGKILL');
    await expect(sending).rejects.toThrow();
  });

  test.for([-120 * MINUTE, 120 * MINUTE])(
    'a clock %d s off: the store refuses, and work continues once the clock is right',
    async (offset, context) => {
      if ('absent' in clock) return context.skip(clock.absent);
      const { set } = clock.value;
      await services.process('compressor').stop('SIGKILL');
      const buildId = await upload(`before ${offset}`);
      await set(offset);
      const compressor = services.start('compressor').catch(() => undefined);
      // A process reads the clock's offset again after one second.
      let attempt = 0;
      const refusal = async () =>
        upload(`during ${offset}, ${attempt++}`).catch((error: unknown) => error);
      await expect
        .poll(refusal, { timeout: 60_000, interval: 500 })
        .toMatchObject({ code: 'store-unavailable' })
        .finally(() => set(0));
      if ((await compressor) === undefined) await services.start('compressor');
      await becomesReady(buildId);
      await becomesReady(await upload(`after ${offset}`));
    },
  );

  test('a clock that jumps back and forth while kernels are uploaded and compressed', async (context) => {
    if ('absent' in clock) return context.skip(clock.absent);
    const { set } = clock.value;
    let jumping = true;
    const jumps = (async () => {
      for (let n = 0; jumping; n++) {
        await set((n % 2 === 0 ? 1 : -1) * 10 * MINUTE);
        await sleep(700);
      }
    })();
    const seeds = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `jumping ${name}`);
    const buildIds: string[] = [];
    for (const seed of seeds) buildIds.push(await upload(seed, { ballast: 5000 }));
    for (const buildId of buildIds) await becomesReady(buildId);
    jumping = false;
    await jumps;
    await set(0);
  });

  test('after all of it every acknowledged kernel is ready, whole and reproducible', async () => {
    const { endpoint, accessKey, secretKey } = minio;
    const { blobs, records } = await openMinioStores({ endpoint, accessKey, secretKey, bucket });
    for (const buildId of acknowledged) await becomesReady(buildId);
    const compute = createComputePool({ onError: () => undefined });
    const findings: Finding[] = [];
    const onFinding = (finding: Finding) => findings.push(finding);
    await checkStore({ blobs, records, compute, onFinding }, new AbortController().signal);
    expect(findings).toEqual([]);
    await compute.close();
  });
});
