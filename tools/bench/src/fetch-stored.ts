import { openMinioStores } from '@btf-depot/blob-store';
import { startMinio } from '@btf-depot/services';
import { buildIdOf, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import { startProcess, urlOf } from '@btf-depot/testing/processes';
import { median, type Bench } from './bench.ts';
import { load, provideWrk } from './fetch-wrk.ts';

const BUCKET = 'bench';
const BLOB_SIZE = 2_000_000;

/** What lies in MinIO: a blob that nobody has asked for before, and a search over all records. */
export const storedBench: Bench = async ({ quick }) => {
  await provideWrk();
  const minio = await startMinio();
  const { endpoint, accessKey, secretKey } = minio;
  const stores = await openWhenReady({ endpoint, accessKey, secretKey, bucket: BUCKET });
  const rounds = quick ? 5 : 50;
  const blobs = Array.from({ length: rounds }, (_, round) => someBytes(BLOB_SIZE, `${round}`));
  for (const bytes of blobs) await stores.blobs.put(sha256Of(bytes), bytes);
  // Blobs are served that a record names.
  const entries = blobs.map((bytes, at) => {
    const blob = { sha256: sha256Of(bytes), size: bytes.length };
    return [`${at}`, { ...blob, mediaType: 'application/gzip' }] as const;
  });
  const named = kernelRecord({ state: 'ready', artifacts: Object.fromEntries(entries) });
  await stores.records.put(named, undefined);
  const records = quick ? 500 : 10_000;
  await inParallel(records, (at) =>
    stores.records.put(
      kernelRecord({
        buildId: buildIdOf(`${at}`),
        release: `6.${at % 20}.${at % 300}`,
        distro: ['debian', 'fedora', 'openwrt'][at % 3] ?? '',
      }),
      undefined,
    ),
  );
  const service = startProcess('apps/fetch/src/main.ts', [], {
    BTFDEPOT_S3_ENDPOINT: endpoint,
    BTFDEPOT_S3_ACCESS_KEY: accessKey,
    BTFDEPOT_S3_SECRET_KEY: secretKey,
    BTFDEPOT_S3_BUCKET: BUCKET,
    BTFDEPOT_PORT: '0',
  });
  try {
    const base = await urlOf(service);
    const first: number[] = [];
    const whole = { ours: [] as number[], store: [] as number[] };
    for (const bytes of blobs) {
      const hash = sha256Of(bytes);
      const started = performance.now();
      const answer = await fetch(`${base}/v1/blobs/sha256/${hash}`);
      first.push(performance.now() - started);
      await answer.arrayBuffer();
      whole.ours.push(performance.now() - started);
      const direct = performance.now();
      await stores.blobs.get(hash);
      whole.store.push(performance.now() - direct);
    }

    const opened = performance.now();
    await search(base, '');
    const listed = performance.now() - opened;
    const query = '?distro=debian&release=6.7.&limit=50';
    const searches = await load(`${base}/v1/kernels${query}`, quick ? 1 : 5);
    const throughput = (times: number[]) => BLOB_SIZE / 1000 / median(times);
    return {
      on: `MinIO, ${rounds} blobs of ${BLOB_SIZE} bytes, ${records} records`,
      rows: [
        { what: 'first byte of a cold blob', unit: 'ms', ours: median(first), goal: '≤ 50' },
        {
          what: 'cold blob, whole',
          unit: 'MB/s',
          ours: throughput(whole.ours),
          peer: { name: 'the store itself', value: throughput(whole.store) },
          ratio: throughput(whole.ours) / throughput(whole.store),
          goal: '≥ 0.7',
        },
        { what: 'search before all records were read', unit: 'ms', ours: listed },
        {
          what: 'search, 99th percentile',
          unit: 'ms',
          ours: searches.p99,
          goal: '≤ 20',
        },
        { what: 'searches', unit: 'requests/s', ours: searches.requestsPerSecond },
      ],
    };
  } finally {
    await service.stop();
    await minio.stop();
  }
};

/** A MinIO that says it is ready may still answer 503 while its disks come up. */
async function openWhenReady(settings: Parameters<typeof openMinioStores>[0]) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openMinioStores(settings);
    } catch (error) {
      if (attempt === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function search(base: string, query: string): Promise<void> {
  const answer = await fetch(`${base}/v1/kernels${query}`);
  if (!answer.ok) throw new Error(`search: HTTP ${answer.status}`);
  await answer.arrayBuffer();
}

async function inParallel(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
