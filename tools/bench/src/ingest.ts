import { readFile } from 'node:fs/promises';
import { openFsStores, openMinioStores, type Stores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { RecordIndex, sweep, sweptOf, type JobQueue, type RecordStore } from '@btf-depot/depot';
import { startServices, type Services } from '@btf-depot/services';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { buildIdOf, kernelBtf, kernelFile, kernelRecord } from '@btf-depot/testing';
import { inFolder } from './in-folder.ts';
import { median, type Bench } from './bench.ts';

const MB = 1e6;

/** Amounts of everything. */
const WHOLE = {
  kernels: 20,
  rounds: 3,
  types: 15_000,
  uploads: 50,
  size: 32 * MB,
  records: 10_000,
};
const QUICK = { kernels: 4, rounds: 1, types: 2000, uploads: 6, size: MB, records: 200 };

/**
 * The distributed depot under load: made-up kernels, real Redis and MinIO, services as processes.
 */
export const ingestBench: Bench = async ({ quick }) => {
  const { kernels, rounds, types, uploads, size, records } = quick ? QUICK : WHOLE;
  const servers = await startServices({ redis: true, minio: true });
  try {
    return {
      on: `made-up kernels of ${types.toLocaleString('en-US')} types, Redis, MinIO, services as processes of one machine`,
      rows: [
        await throughput(servers, { kernels, rounds, types }),
        await memory(servers, { uploads, types, size }),
        ...(await sweeps(servers, records)),
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

interface MadeUpKernel {
  name: string;
  types: number;
  /** Bytes of the file beside its BTF. */
  size?: number;
}

const upload = (url: string, kernel: MadeUpKernel, query: Record<string, string> = {}) => {
  const { name, types: ballast, size = 0 } = kernel;
  const shape = { name, ballast };
  const file = kernelFile({ buildId: buildIdOf(name), btf: kernelBtf(shape), ballast: size });
  const full = kernelBtf({ ...shape, globals: true });
  return new DepotClient(url).upload({ kernel: blobOf(file), full: blobOf(full), query });
};

const blobOf = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);

/**
 * A queue of kernels, through one compressor and through two, in alternating rounds. Each
 * compresses one kernel at a time, on one thread, the default. All of a kernel's types go into its
 * carrier (`delivery=module`): otherwise there would be almost nothing to compress.
 */
async function throughput(
  servers: Services,
  { kernels, rounds, types }: { kernels: number; rounds: number; types: number },
) {
  const rates: [one: number[], two: number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const compressors of [1, 2] as const) {
      const ready = await drain(servers, { kernels, types, compressors, round });
      // Each has finished one when the clock starts.
      const seconds = (ready[kernels - 1] - ready[compressors - 1]) / 1000;
      rates[compressors - 1].push((kernels - compressors) / seconds);
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

/** Milliseconds until each kernel was ready, in this order. */
async function drain(
  servers: Services,
  run: { kernels: number; types: number; compressors: number; round: number },
): Promise<number[]> {
  const { kernels, types, compressors } = run;
  const round = `${run.round}-${compressors}`;
  const services = await depot(servers, `drain-${round}`, { BTFDEPOT_SWEEP_PERIOD: '3600' });
  await services.process('compressor').stop();
  const ids: string[] = [];
  for (let n = 0; n < kernels; n++) {
    const kernel = { name: `drain_${round}_${n}`, types };
    const { status } = await upload(services.url('ingest'), kernel, { delivery: 'module' });
    ids.push(status.buildId);
  }
  const others = [];
  for (let n = 1; n < compressors; n++) others.push(services.startAnother('compressor'));
  const starting = [services.start('compressor'), ...others];
  const client = new DepotClient(services.url('fetch'));
  const ready: number[] = [];
  for (const id of ids) {
    await client.waitUntilDone(id);
    ready.push(Date.parse((await client.record(id))?.readyAt ?? ''));
  }
  await Promise.all(starting);
  for (const other of others) await (await other).process.stop();
  await services.stop();
  return ready.sort((a, b) => a - b);
}

/** Growth of ingest's memory by successive uploads after the first. */
async function memory(
  servers: Services,
  { uploads, types, size }: { uploads: number; types: number; size: number },
) {
  const services = await depot(servers, 'memory');
  const url = services.url('ingest');
  const held: number[] = [];
  for (let n = 0; n < uploads; n++) {
    await upload(url, { name: `memory_${n}`, types, size });
    held.push(await residentBytes(services.process('ingest').pid));
  }
  await services.stop();
  // The garbage collector runs at any time: the median of several tells more than one figure.
  const some = uploads / 5;
  const [early, late] = [held.slice(some / 5, some + some / 5), held.slice(-some)].map(median);
  return {
    what: `ingest's memory, last fifth of ${uploads} uploads of ${size / MB} MB`,
    unit: 'MB',
    ours: late / MB,
    peer: { name: 'first fifth', value: early / MB },
    ratio: late / early,
    goal: 'flat',
  };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
}

/** A sweep without changes, over each store. */
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
    aside: store.aside,
  };
  const index = new RecordIndex(counted, { keep: sweptOf });
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
