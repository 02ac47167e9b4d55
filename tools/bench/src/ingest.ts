import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFsStores, openMinioStores, type Stores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { RecordIndex, sweep, sweptOf, type JobQueue, type RecordStore } from '@btf-depot/depot';
import { startServices, type Services } from '@btf-depot/services';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { buildIdOf, kernelBtf, kernelFile, kernelRecord } from '@btf-depot/testing';
import { inFolder } from './in-folder.ts';
import { median, type Bench } from './bench.ts';

const MB = 1e6;

/** The distributed depot under load: made-up kernels, real Redis and MinIO, services as processes. */
export const ingestBench: Bench = async ({ quick }) => {
  const servers = await startServices({ redis: true, minio: true });
  try {
    return {
      on: 'made-up kernels of 15,000 types, Redis, MinIO, services as processes of one machine',
      rows: [
        await throughput(servers, quick ? 4 : 20, quick ? 1 : 3),
        await memory(servers, quick ? 12 : 50),
        ...(await sweeps(servers, quick ? 500 : 10_000)),
      ],
    };
  } finally {
    await servers.stop();
  }
};

function depot(servers: Services, bucket: string, settings: Record<string, string> = {}) {
  return startServiceProcesses(
    { redisUrl: servers.redis.url, minio: servers.minio, bucket: `${bucket}-${process.pid}` },
    settings,
  );
}

const upload = (url: string, name: string, ballast: number, size = 0) => {
  const shape = { name, ballast };
  const file = kernelFile({ buildId: buildIdOf(name), btf: kernelBtf(shape), ballast: size });
  const full = kernelBtf({ ...shape, globals: true });
  return new DepotClient(url).upload({ kernel: blobOf(file), full: blobOf(full) });
};

const blobOf = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);

/** Kernels that wait, through one compressor and through two, in alternating rounds. */
async function throughput(servers: Services, kernels: number, rounds: number) {
  const rates: [one: number[], two: number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const compressors of [1, 2] as const) {
      const seconds = await drain(servers, kernels, compressors, `${round}-${compressors}`);
      rates[compressors - 1].push(kernels / seconds);
    }
  }
  const [one, two] = rates.map(median);
  return {
    what: `${kernels} kernels through two compressors`,
    unit: 'kernels/s',
    ours: two,
    peer: { name: 'one compressor', value: one },
    ratio: two / one,
    goal: '≥ 1.8',
  };
}

/** Seconds from the first compressor's start of work until the last kernel is ready. */
async function drain(servers: Services, kernels: number, compressors: number, round: string) {
  const services = await depot(servers, `drain-${round}`, { BTFDEPOT_SWEEP_PERIOD: '3600' });
  await services.process('compressor').stop();
  const ids: string[] = [];
  for (let n = 0; n < kernels; n++) {
    const { status } = await upload(services.url('ingest'), `drain_${round}_${n}`, 15_000);
    ids.push(status.buildId);
  }
  const others = [];
  for (let n = 1; n < compressors; n++) others.push(services.startAnother('compressor'));
  const starting = [services.start('compressor'), ...others];
  const client = new DepotClient(services.url('fetch'));
  while ((await client.status(ids[0] ?? ''))?.state !== 'ready') await sleep(20);
  const started = performance.now();
  for (const id of ids) await client.waitUntilDone(id);
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(starting);
  for (const other of others) await (await other).process.stop();
  await services.stop();
  return seconds;
}

/** What uploads of 32 MB, one after the other, add to ingest's memory after the first ten. */
async function memory(servers: Services, uploads: number) {
  const services = await depot(servers, 'memory');
  const url = services.url('ingest');
  const held: number[] = [];
  for (let n = 0; n < uploads; n++) {
    await upload(url, `memory_${n}`, 15_000, 32 * MB);
    held.push(await residentBytes(services.process('ingest').pid));
  }
  await services.stop();
  // The collector comes when it likes: the median of ten uploads says more than one figure.
  const [early, late] = [held.slice(2, 12), held.slice(-10)].map(median);
  return {
    what: `ingest's memory, last ten of ${uploads} uploads`,
    unit: 'MB',
    ours: late / MB,
    peer: { name: 'first ten', value: early / MB },
    ratio: late / early,
    goal: 'flat',
  };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
}

/** A sweep when nothing changed, over each store. */
async function sweeps({ minio }: Services, records: number) {
  const bucket = `sweeps-${process.pid}`;
  const inMinio = await openMinioStores({ ...minio, bucket });
  const row = (name: string, stores: Stores) => sweepRow(name, stores.records, records);
  return [
    await row('MinIO', inMinio),
    await inFolder(async (folder) => row('a folder', await openFsStores(folder))),
  ];
}

async function sweepRow(name: string, store: RecordStore, count: number) {
  const numbers = Array.from({ length: count }, (_, n) => n);
  const write = async () => {
    for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) {
      const record = kernelRecord({ buildId: buildIdOf(`sweep ${n}`), state: 'ready' });
      await store.put(record, undefined);
    }
  };
  await Promise.all(Array.from({ length: 32 }, write));
  let reads = 0;
  const counted: RecordStore = {
    get: (buildId) => {
      reads++;
      return store.get(buildId);
    },
    put: () => Promise.reject(new Error('nothing is to be written')),
    list: () => store.list(),
  };
  const index = new RecordIndex(counted, sweptOf);
  const none = { add: () => Promise.resolve() } as unknown as JobQueue;
  const once = async () => {
    const start = performance.now();
    await index.refresh((_buildId, error) => {
      throw error;
    });
    await sweep(index, none);
    return performance.now() - start;
  };
  await once();
  reads = 0;
  const times = [await once(), await once(), await once()];
  if (reads > 0) throw new Error(`${reads} records were read although none changed`);
  return {
    what: `sweep over ${count.toLocaleString('en-US')} records of ${name}, none changed`,
    unit: 'ms',
    ours: median(times),
    goal: '≤ 1,000, a listing alone',
  };
}
