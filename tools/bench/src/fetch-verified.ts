import { readdir, readFile } from 'node:fs/promises';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { median, type Bench, type Row } from './bench.ts';
import { load, provideWrk } from './fetch-wrk.ts';
import { readAll } from './read-all.ts';
import { startStoredDepot, storeNamed } from './stored-depot.ts';

const MEBI = 1024 * 1024;

/** Verified before the head of the answer, and while they are sent. */
const SMALL = { size: 2 * MEBI, perRound: 8 };
const LARGE = { size: 12 * MEBI, perRound: 2 };

/** Uncounted rounds: the blobs should be cold, not the code. */
const WARM_UP = 2;

const RANGE = { from: 1000, size: 4096 };

/** Node preloads this into a service that hashes nothing. */
const UNHASHED = `import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    if (!url.endsWith('/depot/src/verified/verified-blobs.ts')) return next(url, context);
    const source = 'export const verifiedBlobs = (store) => store;';
    return { format: 'module', source, shortCircuit: true };
  },
});`;
const withoutHashing = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(UNHASHED)}`,
};

interface Service {
  url: string;
  pid: number;
}

interface Pair {
  ours: Service;
  peer: Service;
}

/** A fetch, which hashes all that it reads, and the same fetch without hashing. */
export const verifiedBench: Bench = async ({ quick }) => {
  await provideWrk();
  const rounds = quick ? 1 : 5;
  const blobsOf = ({ size, perRound }: typeof SMALL) =>
    Array.from({ length: perRound * (rounds + WARM_UP) }, (_, at) => someBytes(size, `${at}`));
  const [small, large] = [blobsOf(SMALL), blobsOf(LARGE)];
  const depot = await startStoredDepot((stores) => storeNamed(stores, [...small, ...large]));
  try {
    const pair = { ours: depot, peer: await depot.another(withoutHashing) };
    const [first = new Uint8Array()] = small;
    // These keep no blob in memory.
    const none = { BTFDEPOT_HOT_BLOBS: '1' };
    const cold = {
      ours: await depot.another(none),
      peer: await depot.another({ ...none, ...withoutHashing }),
    };
    const range = `bytes=${RANGE.from}-${RANGE.from + RANGE.size - 1}`;
    const rows = [
      ...(await measure('cold, 2 MiB', pair, small.map(sha256Of), SMALL)),
      ...(await measure('cold, 12 MiB', pair, large.map(sha256Of), LARGE)),
      ...(await measure(`${RANGE.size} bytes of 2 MiB, not in memory`, cold, small.map(sha256Of), {
        ...SMALL,
        range,
      })),
      await measureHot(pair, `/v1/blobs/sha256/${sha256Of(first)}`, rounds, quick ? 1 : 4),
    ];
    return { on: `blobs of MinIO, ${rounds} alternating rounds`, rows };
  } finally {
    await depot.stop();
  }
};

interface Measured {
  size: number;
  perRound: number;
  range?: string;
}

async function measure(
  what: string,
  pair: Pair,
  hashes: readonly string[],
  { size, perRound, range }: Measured,
): Promise<Row[]> {
  const times = { ours: [] as number[], peer: [] as number[] };
  const processor = { ours: [] as number[], peer: [] as number[] };
  const names: (keyof Pair)[] = ['ours', 'peer'];
  for (let at = 0; at * perRound < hashes.length; at++) {
    const some = hashes.slice(at * perRound, (at + 1) * perRound);
    for (const name of at % 2 === 0 ? names : names.toReversed()) {
      const { url, pid } = pair[name];
      const urls = some.map((hash) => `${url}/v1/blobs/sha256/${hash}`);
      const [started, busy] = [performance.now(), await processorMs(pid)];
      await readAll(urls, { atOnce: 1, size: range === undefined ? size : RANGE.size, range });
      if (at < WARM_UP) continue;
      times[name].push((performance.now() - started) / perRound);
      processor[name].push(((await processorMs(pid)) - busy) / perRound);
    }
  }
  return [row(`${what}: time of a read`, times), row(`${what}: processor time`, processor)];
}

function row(what: string, { ours, peer }: Record<keyof Pair, number[]>): Row {
  return {
    what,
    unit: 'ms',
    ours: median(ours),
    peer: { name: 'unhashed', value: median(peer) },
    ratio: median(ours.map((value, round) => value / (peer[round] ?? NaN))),
  };
}

async function measureHot(pair: Pair, path: string, rounds: number, seconds: number): Promise<Row> {
  const rates = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ['ours', 'peer'] as const) {
      rates[name].push((await load(pair[name].url + path, seconds)).requestsPerSecond);
    }
  }
  return { ...row('hot, 2 MiB, wrk -t2 -c16', rates), unit: 'requests/s' };
}

/** @returns milliseconds that the threads of a process have run so far. */
async function processorMs(pid: number): Promise<number> {
  let ran = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').catch(() => '0');
    ran += Number(stat.split(' ')[0]);
  }
  return ran / 1e6;
}
