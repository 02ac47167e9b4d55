import http from 'node:http';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { median, type Bench } from './bench.ts';
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
          const reads = await readAll(urls, atOnce);
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

/** @returns milliseconds from the request to the first byte. */
async function readAll(urls: readonly string[], atOnce: number): Promise<number[]> {
  const agent = new http.Agent({ keepAlive: true });
  const reads: number[] = [];
  const left = [...urls];
  const readNext = async (): Promise<void> => {
    for (let url = left.pop(); url !== undefined; url = left.pop()) {
      reads.push(await read(url, agent));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readNext));
  agent.destroy();
  return reads;
}

/** The simplest client: its own cost counts for both sides. */
function read(url: string, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const request = http.get(url, { agent }, (answer) => {
      let firstByte = 0;
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        firstByte ||= performance.now() - started;
        bytes += chunk.length;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200 && bytes === BLOB_SIZE) resolve(firstByte);
        else reject(new Error(`${url}: HTTP ${answer.statusCode}, ${bytes} bytes`));
      });
    });
    request.on('error', reject);
  });
}
