import { writeFile } from 'node:fs/promises';
import { createServer, request as ask, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startDebuginfod, type DebuginfodServer } from '@btf-depot/services';
import { buildIdOf, kernelWithoutBtf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const TENTHS = Array.from({ length: 9 }, (_, at) => at + 1);
const folder = testFolder();

interface Cut {
  buildId: string;
  /** Bytes after which its debug information ends. */
  after: number;
}

/** Passes requests on, and cuts or refuses answers. */
async function startProxy(target: string) {
  const state = { cuts: [] as Cut[], isRefusing: false };
  const server = createServer(({ url = '' }, response) => {
    if (state.isRefusing) {
      response.writeHead(503, { 'Retry-After': '0' }).end();
      return;
    }
    const cut = state.cuts.find(({ buildId }) => url === `/buildid/${buildId}/debuginfo`);
    const passed = ask(target + url, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (!cut) {
        answer.pipe(response);
        return;
      }
      answer.resume();
      sendPart(response, cut.after);
    });
    passed.once('error', () => response.destroy());
    passed.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What was sent must have left this machine's buffers before the end. */
function sendPart(response: ServerResponse, bytes: number): void {
  response.write(Buffer.alloc(bytes), () => setTimeout(() => response.destroy(), 50));
}

let debuginfod: DebuginfodServer;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let depot: StartedDepot;
const sizes = new Map<string, number>();
const made = (name: string) => buildIdOf(`broken ${name}`);
const names = ['stalled', 'killed', 'refused', ...TENTHS.map((tenth) => `cut ${tenth}`)];

beforeAll(async () => {
  const files: Record<string, string> = {};
  for (const buildId of names.map(made)) {
    const bytes = kernelWithoutBtf(buildId);
    files[buildId] = join(folder, buildId);
    sizes.set(buildId, bytes.length);
    await writeFile(files[buildId], bytes);
  }
  debuginfod = await startDebuginfod(files);
  proxy = await startProxy(debuginfod.url);
  depot = await startDepot(join(folder, 'data'), {
    BTFDEPOT_UPSTREAMS: `debuginfod ${proxy.url}`,
    BTFDEPOT_UPSTREAM_TIME: '3',
    BTFDEPOT_PULLS: '10',
  });
}, 120_000);
afterAll(async () => {
  await depot.stop();
  await proxy.stop();
  await debuginfod.stop();
});

async function askFor(buildId: string, query = '') {
  const answer = await fetch(`${depot.url}/v1/kernels/${buildId}?wait=60${query}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** Nothing of it is published; it is, once the server is well again and somebody asks. */
async function recovers(buildId: string): Promise<void> {
  await vi.waitFor(
    async () => expect(await askFor(buildId, '&again')).toMatchObject({ state: 'ready' }),
    { timeout: 120_000, interval: 500 },
  );
}

const misses = (...reasons: string[]) => ({
  code: 'unknown-build-id',
  pull: { state: 'missed', misses: reasons.map((reason) => ({ reason })) },
});

test('cut at every tenth of the way, nothing is published half, and a later ask succeeds', async () => {
  const buildIds = TENTHS.map((tenth) => made(`cut ${tenth}`));
  proxy.state.cuts = buildIds.map((buildId, at) => ({
    buildId,
    after: Math.round(((at + 1) / 10) * (sizes.get(buildId) ?? 0)),
  }));
  const answers = await Promise.all(buildIds.map((buildId) => askFor(buildId)));
  for (const answer of answers) expect(answer).toMatchObject(misses('cut'));
  proxy.state.cuts = [];
  await Promise.all(buildIds.map(recovers));
}, 300_000);

test('stopped by SIGSTOP, it takes longer than the limit', async () => {
  const { pid = 0 } = debuginfod.server;
  process.kill(pid, 'SIGSTOP');
  try {
    expect(await askFor(made('stalled'))).toMatchObject(misses('timeout'));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await recovers(made('stalled'));
}, 300_000);

test('answering 503, it is unavailable', async () => {
  proxy.state.isRefusing = true;
  expect(await askFor(made('refused'))).toMatchObject(misses('unavailable'));
  proxy.state.isRefusing = false;
  await recovers(made('refused'));
}, 300_000);

test('killed, it cannot be reached, and serves again when it is started again', async () => {
  await debuginfod.server.kill();
  expect(await askFor(made('killed'))).toMatchObject(misses('unreachable'));
  await debuginfod.server.restart();
  await recovers(made('killed'));
}, 300_000);
