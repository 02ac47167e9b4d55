import { openFsStores, type Stores } from '@btf-depot/blob-store';
import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { startProcess, urlOf } from '@btf-depot/testing/processes';
import type { Bench, Row } from './bench.ts';
import { load, provideWrk } from './fetch-wrk.ts';
import { inFolder } from './in-folder.ts';
import { startStoredDepot } from './stored-depot.ts';

const QUERY = '/v1/kernels?distro=debian&release=6.7.&limit=50';

/** One client asks more than its budget of a minute allows. */
const UNLIMITED = { BTFDEPOT_CLIENT_BUDGET: '0' };

/** Searches over all records, in the file system and in MinIO, also while the list is read anew. */
export const searchBench: Bench = async ({ quick }) => {
  await provideWrk();
  const records = quick ? 500 : 10_000;
  // After ten seconds the list is read anew, and then when it is due.
  const seconds = quick ? 1 : 25;
  const embedded = await inFolder(async (folder) => {
    await fill(await openFsStores(folder), records);
    const settings = { BTFDEPOT_DATA: folder, ...UNLIMITED };
    const depot = startProcess('apps/cli/src/main.ts', ['serve', '--port', '0'], settings);
    try {
      return await measure('file system', await urlOf(depot), seconds);
    } finally {
      await depot.stop();
    }
  });
  const stored = await startStoredDepot((stores) => fill(stores, records), UNLIMITED);
  try {
    const rows = [...embedded, ...(await measure('MinIO', stored.url, seconds))];
    return { on: `${records} records, wrk -t2 -c16 for ${seconds} s`, rows };
  } finally {
    await stored.stop();
  }
};

async function measure(where: string, url: string, seconds: number): Promise<Row[]> {
  const started = performance.now();
  const answer = await fetch(url + QUERY);
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`search: HTTP ${answer.status}`);
  const read = performance.now() - started;
  const { p99, requestsPerSecond } = await load(url + QUERY, seconds);
  return [
    { what: `${where}: first search, all records read`, unit: 'ms', ours: read },
    { what: `${where}: 99th percentile`, unit: 'ms', ours: p99, goal: '≤ 20' },
    { what: `${where}: searches`, unit: 'requests/s', ours: requestsPerSecond },
  ];
}

async function fill({ records }: Stores, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const at = next++;
      const facts = {
        buildId: buildIdOf(`${at}`),
        release: `6.${at % 20}.${at % 300}`,
        distro: ['debian', 'fedora', 'openwrt'][at % 3] ?? '',
      };
      await records.put(kernelRecord(facts), undefined);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
