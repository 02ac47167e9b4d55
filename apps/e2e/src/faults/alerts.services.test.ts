import { readFile } from 'node:fs/promises';
import { openMinioStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import {
  freePort,
  makeSmallDisk,
  prometheusCommand,
  startMinio,
  startPrometheus,
  startRedis,
  type MinioServer,
  type Prometheus,
  type RedisServer,
  type SmallDisk,
} from '@btf-depot/services';
import { provided } from '@btf-depot/services/provision';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BLOB_DAMAGES, blobKey, damageObject, recordKey } from './damages.ts';
import { rawBucket, type RawBucket } from './raw-bucket.ts';
import { startStoreProxy } from './store-proxy.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** The waits of minutes and hours become seconds; otherwise the rules are unchanged. */
function hurried(rules: string): string {
  return rules
    .replaceAll(/for: \d+m$/gm, 'for: 4s')
    .replaceAll('[5m]', '[15s]')
    .replaceAll('[1h]', '[2m]')
    .replaceAll('> 1800', '> 8');
}

// The ten take five minutes, most of it waiting for alerts to end.
const isAsked = process.env.BTFDEPOT_ALERTS === 'full';
const absent = isAsked
  ? await provided(prometheusCommand)
  : { absent: 'BTFDEPOT_ALERTS=full fires each alert in a real Prometheus' };

describeWithServices(['redis', 'minio'], 'a real fault fires its alert:', () => {
  if ('absent' in absent) {
    const why = absent.absent;
    test('needs Prometheus', (context) => context.skip(why));
    return;
  }

  const folder = testFolder();
  let redis: RedisServer;
  let minio: MinioServer;
  let proxy: Awaited<ReturnType<typeof startStoreProxy>>;
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;
  let prometheus: Prometheus;
  let raw: RawBucket;
  let disk: SmallDisk | undefined;
  let another: Awaited<ReturnType<(typeof services)['startAnother']>>;
  const bucket = `alerts-${process.pid}`;
  /** One of each service, and a second compressor. */
  let admin: Record<'ingest' | 'compressor' | 'fetch' | 'another', { BTFDEPOT_ADMIN_PORT: string }>;

  beforeAll(async () => {
    redis = await startRedis();
    minio = await startMinio();
    proxy = await startStoreProxy(minio.endpoint);
    const port = async () => ({ BTFDEPOT_ADMIN_PORT: String(await freePort()) });
    admin = {
      ingest: await port(),
      compressor: await port(),
      fetch: await port(),
      another: await port(),
    };
    const servers = { redisUrl: redis.url, minio: { ...minio, endpoint: proxy.endpoint }, bucket };
    const settings = {
      BTFDEPOT_SWEEP_PERIOD: '1',
      BTFDEPOT_JOB_BACKOFF: '0.2',
      BTFDEPOT_JOB_SILENCE: '0.5',
      BTFDEPOT_JOB_CRASHES: '50',
    };
    services = await startServiceProcesses(servers, settings, admin);
    // One that sweeps while the other hangs.
    another = await services.startAnother('compressor', admin.another);
    raw = rawBucket({ ...minio, bucket }, folder);
    const file = new URL('../../../../infra/prometheus/btf-depot.rules.yml', import.meta.url);
    const targets = Object.values(admin).map((one) => `127.0.0.1:${one.BTFDEPOT_ADMIN_PORT}`);
    prometheus = await startPrometheus(targets, hurried(await readFile(file, 'utf8')));
  });

  afterAll(async () => {
    await prometheus.stop();
    await another.process.stop();
    await services.stop();
    proxy.stop();
    await redis.stop();
    await minio.stop();
    await disk?.stop();
  });

  const fires = (name: string) =>
    expect
      .poll(() => prometheus.firing(), { timeout: 120_000, interval: 500 })
      .toEqual(expect.arrayContaining([name]));
  const isQuiet = () =>
    expect.poll(() => prometheus.firing(), { timeout: 200_000, interval: 500 }).toEqual([]);

  async function upload(seed: string, ballast = 10): Promise<string> {
    const buildId = buildIdOf(seed);
    const shape = { ballast, name: seed.replaceAll(/\W/g, '_') };
    const blobOf = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);
    const kernel = blobOf(kernelFile({ buildId, btf: kernelBtf(shape) }));
    const full = blobOf(kernelBtf({ ...shape, globals: true }));
    await new DepotClient(services.url('ingest')).upload({ kernel, full });
    return buildId;
  }

  test('none while all is well', async () => {
    await upload('well');
    await isQuiet();
  });

  test('a process that is gone: BtfDepotDown', async () => {
    await services.process('fetch').stop('SIGKILL');
    await fires('BtfDepotDown');
    await services.start('fetch');
    await isQuiet();
  });

  test('a store that is silent: BtfDepotNotReady', async () => {
    process.kill(minio.server.pid ?? 0, 'SIGSTOP');
    await fires('BtfDepotNotReady');
    process.kill(minio.server.pid ?? 0, 'SIGCONT');
    await isQuiet();
  });

  test('a queue that is gone: BtfDepotDegraded', async () => {
    await redis.server.kill();
    await fires('BtfDepotDegraded');
    await redis.server.restart();
    await isQuiet();
  });

  test('a store that refuses now and then: BtfDepotStoreFails', async () => {
    const refusing = setInterval(() => proxy.refuse(1), 300);
    await fires('BtfDepotStoreFails');
    clearInterval(refusing);
    proxy.refuse(0);
    await isQuiet();
  });

  test('a kernel that no compressor packs: BtfDepotKernelsWait', async () => {
    // Both run and sweep, but the queue gives them nothing.
    await redis.server.kill();
    await upload('waiting');
    await fires('BtfDepotKernelsWait');
    await redis.server.restart();
    await isQuiet();
  });

  test('a record that is damaged: BtfDepotUnreadableRecords', async () => {
    const buildId = await upload('damaged record');
    const bytes = await raw.get(recordKey(buildId));
    await raw.put(recordKey(buildId), new TextEncoder().encode('{'));
    await fires('BtfDepotUnreadableRecords');
    await raw.put(recordKey(buildId), bytes);
    await isQuiet();
  });

  test('a disk with little room for uploads: BtfDepotDiskFills', async (context) => {
    const made = await provided(() => makeSmallDisk(64));
    if ('absent' in made) return context.skip(made.absent);
    disk = made.value;
    const small = { BTFDEPOT_DATA: disk.path, BTFDEPOT_KEEP_FREE: '0' };
    await services.process('ingest').stop();
    const ingest = await services.startAnother(
      'ingest',
      { ...small, ...admin.ingest },
      disk.command,
    );
    await fires('BtfDepotDiskFills');
    await ingest.process.stop();
    await services.start('ingest');
    await isQuiet();
  });

  test('a part that is damaged before it is packed: BtfDepotKernelsFail', async () => {
    await redis.server.kill();
    const buildId = await upload('failing');
    const { endpoint, accessKey, secretKey } = minio;
    const stores = await openMinioStores({ endpoint, accessKey, secretKey, bucket });
    const vars = (await stores.records.get(buildId))?.record.parts.vars?.sha256 ?? '';
    await damageObject(raw, blobKey(vars), BLOB_DAMAGES['a flipped bit']);
    await redis.server.restart();
    await fires('BtfDepotKernelsFail');
  });

  test('compressors that fall silent in their jobs: BtfDepotJobsStall', async () => {
    const one = services.process('compressor');
    for (let stalls = 0; stalls < 4; stalls++) {
      // The first takes the job, and the second takes it over.
      another.process.signal('SIGSTOP');
      const buildId = await upload(`stalled ${stalls}`, 15_000);
      await one.line(new RegExp(`${buildId}.*job starts`));
      one.signal('SIGSTOP');
      another.process.signal('SIGCONT');
      await new DepotClient(services.url('fetch')).waitUntilDone(buildId);
      one.signal('SIGCONT');
    }
    await fires('BtfDepotJobsStall');
  });
});
