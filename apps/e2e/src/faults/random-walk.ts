// Walks at random through faults, with real servers and the three services as processes, and looks
// at the end whether every kernel that was acknowledged is there as it would be without them.
// Arguments: seed and seconds. Prints its figures as JSON; exit status 1 where something is lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { openMinioStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { checkStore, collectGarbage, requeue, systemClock, type Finding } from '@btf-depot/depot';
import { createComputePool } from '@btf-depot/compute';
import { startClock, startMinio, startRedis } from '@btf-depot/services';
import { buildIdOf, collect, kernelBtf, kernelFile } from '@btf-depot/testing';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { startStoreProxy } from './store-proxy.ts';

const seed = Number(process.argv[2] ?? 1);
const seconds = Number(process.argv[3] ?? 180);

/** Mulberry32: the same walk for the same seed. */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const redis = await startRedis();
const minio = await startMinio();
const proxy = await startStoreProxy(minio.endpoint);
const clock = await startClock();
const bucket = `walk-${process.pid}`;
const services = await startServiceProcesses(
  { redisUrl: redis.url, minio: { ...minio, endpoint: proxy.endpoint }, bucket },
  {
    ...clock.environment,
    BTFDEPOT_JOB_SILENCE: '0.5',
    BTFDEPOT_JOB_BACKOFF: '0.2',
    BTFDEPOT_SWEEP_PERIOD: '1',
  },
);

/** Build IDs that were acknowledged, and with which core. */
const acknowledged = new Map<string, string>();
const figures = { uploads: 0, acknowledged: 0, refused: 0, steps: {} as Record<string, number> };
const uploads = new Set<Promise<void>>();

async function upload(name: string): Promise<void> {
  figures.uploads++;
  const buildId = buildIdOf(name);
  const shape = { name, ballast: 2000 };
  const kernel = new Blob([new Uint8Array(kernelFile({ buildId, btf: kernelBtf(shape) }))]);
  const full = new Blob([new Uint8Array(kernelBtf({ ...shape, globals: true }))]);
  try {
    const client = new DepotClient(services.url('ingest'));
    const { status } = await client.upload({ kernel, full });
    acknowledged.set(buildId, status.report.core.sha256);
    figures.acknowledged++;
  } catch {
    figures.refused++;
  }
}

let restarting = Promise.resolve();

/** One after the other: two at once would start two, of which one is never stopped. */
function restart(name: 'ingest' | 'compressor'): Promise<void> {
  restarting = restarting.then(() => restartNow(name));
  return restarting;
}

async function restartNow(name: 'ingest' | 'compressor'): Promise<void> {
  await services.process(name).stop('SIGKILL');
  // A service whose store is away does not start: its supervisor tries again.
  for (;;) {
    try {
      await services.start(name);
      return;
    } catch {
      await sleep(200);
    }
  }
}

const steps: Record<string, () => Promise<unknown>> = {
  'kill ingest': () => restart('ingest'),
  'kill compressor': () => restart('compressor'),
  'flush redis': () => redis.flush(),
  'restart redis': () => redis.server.kill().then(() => redis.server.restart()),
  'restart store': () => minio.server.kill().then(() => minio.server.restart()),
  'silence store': async () => {
    process.kill(minio.server.pid ?? 0, 'SIGSTOP');
    await sleep(1000 * random());
    process.kill(minio.server.pid ?? 0, 'SIGCONT');
  },
  'slow store': async () => {
    proxy.slow(Math.ceil(200 * random()));
    await sleep(1000);
    proxy.slow(0);
  },
  'suspend compressor': async () => {
    const compressor = services.process('compressor');
    compressor.signal('SIGSTOP');
    await sleep(2000 * random());
    compressor.signal('SIGCONT');
  },
  'jump of the clock': async () => {
    // Beyond a quarter of an hour the store refuses.
    await clock.set(Math.round(3600 * (random() - 0.5)));
    await sleep(2000 * random());
    await clock.set(0);
  },
  'refusing store': () => {
    proxy.refuse(Math.ceil(5 * random()));
    return Promise.resolve();
  },
  'kill compressor at a record': () => {
    const when = random() < 0.5 ? 'before' : 'after';
    // Not waited for: it starts only when the store answers, and the store's answer is held here.
    const act = () => {
      void restart('compressor');
      return Promise.resolve();
    };
    proxy.trap({ step: 'put record', when, act });
    return Promise.resolve();
  },
};

const started = performance.now();
for (let count = 0; performance.now() - started < seconds * 1000; count++) {
  // Now and then one that was sent before.
  const name = `walk_${seed}_${random() < 0.2 ? Math.floor(count * random()) : count}`;
  const sent = upload(name).finally(() => uploads.delete(sent));
  uploads.add(sent);
  const names = Object.keys(steps);
  const step = names[Math.floor(names.length * random())] ?? '';
  figures.steps[step] = (figures.steps[step] ?? 0) + 1;
  await steps[step]?.();
  await sleep(500 * random());
  if (uploads.size > 8) await Promise.race(uploads);
}
await Promise.all(uploads);
proxy.refuse(0);
await restarting;

const { endpoint, accessKey, secretKey } = minio;
const { blobs, records } = await openMinioStores({ endpoint, accessKey, secretKey, bucket });
const settled = performance.now();
let requeued = 0;
const lost: string[] = [];
for (const [buildId, core] of acknowledged) {
  for (;;) {
    const record = (await records.get(buildId))?.record;
    if (record?.state === 'ready' && record.core.sha256 === core) break;
    if (record?.state === 'failed' && (await requeue(records, buildId))) requeued++;
    if (performance.now() - settled > 60_000) {
      lost.push(buildId);
      break;
    }
    await sleep(100);
  }
}
const findings: Finding[] = [];
const compute = createComputePool({ onError: () => undefined });
const check = () =>
  checkStore(
    { blobs, records, compute, onFinding: (finding) => findings.push(finding) },
    new AbortController().signal,
  );
await check();
const garbage = { minAge: -60_000, dryRun: false };
const { collected } = await collectGarbage({ blobs, records, clock: systemClock }, garbage);
const report = await check();
const orphans = (await collect(blobs.list())).length - report.blobs;

const result = {
  seed,
  seconds: Math.round((performance.now() - started) / 1000),
  ...figures,
  kernels: acknowledged.size,
  requeued,
  lost,
  findings,
  collected: collected.length,
  orphans,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
await compute.close();
await services.stop();
await clock.stop();
proxy.stop();
await redis.stop();
await minio.stop();
process.exitCode = lost.length + findings.length + orphans > 0 ? 1 : 0;
