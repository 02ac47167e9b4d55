import { openAsBlob } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBtf } from '@btf-depot/btf';
import { DepotClient } from '@btf-depot/client';
import { xz } from '@btf-depot/codec';
import { SiteTable } from '@btf-depot/extras';
import { provideKernel } from '@btf-depot/kernels';
import { startDepot } from '@btf-depot/testing/processes';
import { median, type Bench } from './bench.ts';
import { load, pathsScript, provideWrk, type LoadResult } from './fetch-wrk.ts';
import { runOurs, runPahole, type PeerRun, type VarsRun } from './vars.ts';

/** Number of functions that are requested again and again. */
const SOME = 200;

/** Variables and inlined calls of K612 in one pass, beside pahole, which finds only variables. */
export const inlinesBench: Bench = async ({ quick }) => {
  await provideWrk();
  const { vmlinux, coreBtf } = await provideKernel('K612');
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-bench-'));
  try {
    const rounds = quick ? 1 : 5;
    const runs: { ours: VarsRun & { wall: number }; alone: VarsRun; peer: PeerRun }[] = [];
    const inlines = join(folder, 'inlines.btf');
    for (let round = 0; round < rounds; round++) {
      const before = performance.now();
      const whole = await runOurs(vmlinux, join(folder, 'vars.btf'), inlines);
      const wall = (performance.now() - before) / 1000;
      const alone = await runOurs(vmlinux, join(folder, 'vars.btf'));
      const peer = await runPahole(vmlinux, join(folder, 'full.btf'));
      runs.push({ ours: { ...whole, wall }, alone, peer });
    }
    const bytes = await readFile(inlines);
    const base = parseBtf(await readFile(coreBtf));
    const { names } = new SiteTable(parseBtf(bytes, { base }));
    const compare = (
      what: string,
      unit: string,
      goal: string,
      field: 'wall' | 'cpu' | 'memory',
      scale = 1,
    ) => ({
      what,
      unit,
      goal,
      ours: median(runs.map(({ ours }) => ours[field])) * scale,
      peer: {
        name: 'pahole -j2, variables',
        value: median(runs.map(({ peer }) => peer[field])) * scale,
      },
      ratio: median(runs.map(({ ours, peer }) => ours[field] / peer[field])),
    });
    const seconds = quick ? 1 : 5;
    const asked = names.filter((_, place) => place % Math.ceil(names.length / SOME) === 0);
    const served = await serve({ folder, vmlinux, asked, rounds, seconds });
    return {
      on: `K612, median of ${rounds} alternating rounds; wrk -t2 -c16`,
      rows: [
        compare('whole process', 's', '≤ 0.6, aim 0.35', 'wall'),
        compare('processor time', 's', '', 'cpu'),
        compare('memory', 'MB', 'ours ≤ 512 MB', 'memory', 1e-6),
        {
          what: '  of these for inlined calls',
          unit: 's',
          ours: median(runs.map(({ ours, alone }) => ours.work - alone.work)),
        },
        { what: 'extra, raw', unit: 'MB', ours: bytes.length / 1e6, goal: '≤ 7' },
        { what: 'extra, xz', unit: 'MB', ours: (await xz(bytes)).length / 1e6, goal: '≤ 2' },
        {
          what: `sites of a function, ${asked.length} functions again and again`,
          unit: 'requests/s',
          ours: median(served.map(({ requestsPerSecond }) => requestsPerSecond)),
          goal: '≥ 2,000',
        },
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};

interface Served {
  folder: string;
  vmlinux: string;
  /** Functions. */
  asked: readonly string[];
  rounds: number;
  /** Of each round. */
  seconds: number;
}

/** Sites by function, from a depot of one process. */
async function serve(input: Served): Promise<LoadResult[]> {
  const { folder, vmlinux, asked, rounds, seconds } = input;
  const depot = await startDepot(join(folder, 'data'), { BTFDEPOT_EXTRAS: 'inlines' });
  try {
    const { url } = depot;
    const client = new DepotClient(url);
    const { status } = await client.upload({ kernel: await openAsBlob(vmlinux), query: {} });
    await client.waitUntilDone(status.buildId);
    const paths = asked.map((name) => `/v1/kernels/${status.buildId}/inlines?function=${name}`);
    const script = await pathsScript(folder, paths);
    // These are computed, and from then on in memory.
    await load(url, 1, script);
    const results: LoadResult[] = [];
    for (let round = 0; round < rounds; round++) results.push(await load(url, seconds, script));
    return results;
  } finally {
    await depot.stop();
  }
}
