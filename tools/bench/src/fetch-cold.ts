import { sha256Of, someBytes } from '@btf-depot/testing';
import { median, type Bench } from './bench.ts';
import { readAll } from './read-all.ts';
import { startStoredDepot, storeNamed, type StoredDepot } from './stored-depot.ts';

const BLOB_SIZE = 2_000_000;

/** Blobs of one round, by the number of simultaneous requests. */
const PER_ROUND = 40;
const AT_ONCE = [1, 8];

/** Uncounted rounds: the blobs should be cold, not the code. */
const WARM_UP = 2;

/**
 * Cold blobs through the depot and directly from MinIO: the same client, each blob once from each,
 * starting with either in turns.
 */
export const coldBench: Bench = async ({ quick }) => {
  const rounds = quick ? 1 : 5;
  const count = (rounds + WARM_UP) * PER_ROUND * AT_ONCE.length;
  const blobs = Array.from({ length: count }, (_, at) => someBytes(BLOB_SIZE, `${at}`));
  const depot = await startStoredDepot((stores) => storeNamed(stores, blobs));
  try {
    const hashes = blobs.map(sha256Of);
    const rows = [];
    for (const atOnce of AT_ONCE) {
      const rates = { ours: [] as number[], store: [] as number[] };
      const first = { ours: [] as number[], store: [] as number[] };
      for (let round = -WARM_UP; round < rounds; round++) {
        const some = hashes.splice(0, PER_ROUND);
        const sources = await sourcesOf(depot, some);
        if (round % 2 !== 0) sources.reverse();
        for (const { name, urls } of sources) {
          const started = performance.now();
          const reads = await readAll(urls, { atOnce, size: BLOB_SIZE });
          if (round < 0) continue;
          rates[name].push((PER_ROUND * BLOB_SIZE) / 1000 / (performance.now() - started));
          first[name].push(...reads);
        }
      }
      const how = atOnce === 1 ? 'one after the other' : `${atOnce} at once`;
      rows.push(
        {
          what: `first byte, ${how}`,
          unit: 'ms',
          ours: median(first.ours),
          peer: { name: 'MinIO', value: median(first.store) },
          goal: '≤ 50',
        },
        {
          what: `whole, ${how}`,
          unit: 'MB/s',
          ours: median(rates.ours),
          peer: { name: 'MinIO', value: median(rates.store) },
          ratio: median(rates.ours.map((rate, round) => rate / (rates.store[round] ?? NaN))),
          goal: '≥ 0.7',
        },
      );
    }
    return { on: `${PER_ROUND} blobs of ${BLOB_SIZE} bytes, ${rounds} alternating rounds`, rows };
  } finally {
    await depot.stop();
  }
};

async function sourcesOf({ url, direct }: StoredDepot, hashes: readonly string[]) {
  return [
    { name: 'ours' as const, urls: hashes.map((hash) => `${url}/v1/blobs/sha256/${hash}`) },
    { name: 'store' as const, urls: await Promise.all(hashes.map(direct)) },
  ];
}
