import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { provideKernel } from '@btf-depot/kernels';
import { startDepot } from '@btf-depot/testing/processes';
import { median, type Bench } from './bench.ts';
import { load, pathsScript, provideWrk } from './fetch-wrk.ts';

const BUILD_ID = 'be'.repeat(20);

/** Number of different names, and of names in the second load. */
const SOME = 200;
const MANY = 30_000;

/** Variables by name: from memory, computed, and of a kernel that nobody has requested before. */
export const variablesBench: Bench = async ({ quick }) => {
  await provideWrk();
  const kernel = await provideKernel('K612');
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-bench-'));
  const start = () => startDepot(join(folder, 'data'), { BTFDEPOT_CLIENT_BUDGET: '0' });
  let depot = await start();
  try {
    let base = depot.url;
    const client = new DepotClient(base);
    const { status } = await client.upload({
      kernel: new Blob([await readFile(kernel.coreBtf)]),
      full: new Blob([await readFile(kernel.fullBtf)]),
      query: { buildId: BUILD_ID, delivery: 'builtin', arch: kernel.architecture },
    });
    await client.waitUntilDone(status.buildId);
    const names = new Set<string>();
    for await (const { name } of client.variables(BUILD_ID)) names.add(name);

    const rounds = quick ? 1 : 5;
    const cold: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await depot.stop();
      depot = await start();
      base = depot.url;
      // Warms up: the start of a service is not measured.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const started = performance.now();
      const answer = await fetch(`${base}/v1/kernels/${BUILD_ID}/vars/init_task`);
      await answer.arrayBuffer();
      cold.push(performance.now() - started);
    }

    const seconds = quick ? 1 : 5;
    const script = (count: number) =>
      pathsScript(
        folder,
        [...names].slice(0, count).map((name) => `/v1/kernels/${BUILD_ID}/vars/${name}`),
      );
    const computed = await load(base, seconds, await script(MANY));
    const warm = [];
    const some = await script(SOME);
    for (let round = 0; round < rounds; round++) warm.push(await load(base, seconds, some));
    return {
      on: `K612, ${names.size} names, wrk -t2 -c16, median of ${rounds} rounds`,
      rows: [
        {
          what: `variable as JSON, ${SOME} names again and again`,
          unit: 'requests/s',
          ours: median(warm.map(({ requestsPerSecond }) => requestsPerSecond)),
          goal: '≥ 5,000, aim 15,000',
        },
        {
          what: 'the same, 99th percentile',
          unit: 'ms',
          ours: median(warm.map(({ p99 }) => p99)),
          goal: '≤ 15',
        },
        {
          what: `${MANY} names, each computed the first time`,
          unit: 'requests/s',
          ours: computed.requestsPerSecond,
        },
        {
          what: 'first variable of a kernel not yet opened',
          unit: 'ms',
          ours: median(cold),
          goal: '≤ 150',
        },
      ],
    };
  } finally {
    await depot.stop();
    await rm(folder, { recursive: true });
  }
};
