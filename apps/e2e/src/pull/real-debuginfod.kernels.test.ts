import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import type { KernelRecord } from '@btf-depot/contracts';
import { readelf } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import {
  debuginfodFind,
  startDebuginfod,
  startServices,
  type DebuginfodServer,
} from '@btf-depot/services';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot } from '@btf-depot/testing/processes';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const run = promisify(execFile);

/** DWARF has more than the 31,415 variables of pahole's full BTF. */
const LEAST = 31_400;

/** Bytes of an answer after which the relay waits: more than `.BTF` has. */
const MIDDLE = 100e6;

/** Passes connections on to a port, until one of them brings so much: this one waits. */
async function startRelay(port: number) {
  const held = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<undefined>();
  const waiting = new Set<Socket>();
  let isPassing = false;
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1');
    const passing = async function* (chunks: AsyncIterable<Buffer>) {
      let bytes = 0;
      for await (const chunk of chunks) {
        yield chunk;
        bytes += chunk.length;
        if (isPassing || bytes < MIDDLE) continue;
        waiting.add(client);
        held.resolve(undefined);
        await released.promise;
      }
    };
    pipeline(client, target, () => undefined);
    pipeline(target, passing, client, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: held.promise,
    waiting,
    /** Ends the connections that wait: their server is gone. */
    release() {
      isPassing = true;
      for (const client of waiting) client.destroy();
      released.resolve(undefined);
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

describeWithKernels(['K612'], 'a Debian kernel from a real debuginfod', ({ K612 }) => {
  const folder = testFolder();
  let buildId: string;
  let debuginfod: DebuginfodServer;

  beforeAll(async () => {
    buildId = /Build ID: ([0-9a-f]+)/.exec(await readelf(['-n', K612.vmlinux]))?.[1] ?? '';
    debuginfod = await startDebuginfod({ [buildId]: K612.vmlinux });
  }, 120_000);
  afterAll(async () => {
    await debuginfod.stop();
  });

  /** Asks until it is ready, as a client does after `pending`. */
  async function ready(url: string): Promise<KernelRecord> {
    return vi.waitFor(
      async () => {
        const answer = await fetch(`${url}/v1/kernels/${buildId}?wait=20`);
        const record = (await answer.json()) as KernelRecord;
        expect(record.state).toBe('ready');
        expect(record.parts).toHaveProperty('vars');
        return record;
      },
      { timeout: 400_000, interval: 500 },
    );
  }

  test('an empty depot: its .BTF through debuginfod-find at once, then all of it, though the server is killed in the middle', async () => {
    const relay = await startRelay(debuginfod.server.port);
    const depot = await startDepot(join(folder, 'embedded'), {
      BTFDEPOT_UPSTREAMS: `debuginfod ${relay.url}`,
      BTFDEPOT_LOG_LEVEL: 'info',
    });
    try {
      const [loader = '', ...args] = await debuginfodFind();
      const { stdout } = await run(loader, [...args, 'section', buildId, '.BTF'], {
        env: {
          DEBUGINFOD_URLS: depot.url,
          DEBUGINFOD_CACHE_PATH: join(folder, 'client'),
          HOME: folder,
        },
      });
      const core = await readFile(K612.coreBtf);
      expect((await readFile(stdout.trim())).equals(core)).toBe(true);

      await relay.held;
      await debuginfod.server.kill();
      await debuginfod.server.restart();
      relay.release();
      const record = await ready(depot.url);
      expect(record.parts.vars?.variables).toBeGreaterThan(LEAST);
      expect(record.owner).toMatchObject({ rank: 'upstream' });
      const variable = await fetch(`${depot.url}/v1/kernels/${buildId}/vars/init_task`);
      expect(await variable.text()).toContain('struct task_struct init_task');
      const ends = depot.lines.filter((line) => /"msg":"(not )?pulled"/.test(line));
      expect([ends.length, relay.waiting.size]).toEqual([1, 1]);
    } finally {
      await depot.stop();
      await relay.stop();
    }
  }, 600_000);

  test('two ingests over one Redis and MinIO: a hundred ask, and one of them downloads it once', async () => {
    const servers = await startServices({ redis: true, minio: true });
    const depot = await startServiceProcesses(
      { redisUrl: servers.redis.url, minio: servers.minio, bucket: `pull-${randomUUID()}` },
      { BTFDEPOT_UPSTREAMS: `debuginfod ${debuginfod.url}`, BTFDEPOT_LOG_LEVEL: 'info' },
    );
    const other = await depot.startAnother('ingest');
    try {
      const url = depot.url('fetch');
      await vi.waitFor(async () => {
        const { code } = (await (await fetch(`${url}/v1/kernels/${buildId}`)).json()) as {
          code?: string;
        };
        expect(code).toBe('pending');
      }, 20_000);
      const asked = Array.from({ length: 100 }, () =>
        fetch(`${url}/v1/kernels/${buildId}?wait=60`),
      );
      await Promise.all(asked);
      const record = await ready(url);
      expect(record.parts.vars?.variables).toBeGreaterThan(LEAST);
      const lines = [...depot.process('ingest').lines, ...other.process.lines];
      expect(lines.filter((line) => line.includes('"msg":"pulled"'))).toHaveLength(1);
    } finally {
      await other.process.stop();
      await depot.stop();
      await servers.stop();
    }
  }, 900_000);
});

describeWithKernels(
  ['K61armhf'],
  'a 32-bit kernel without BTF from a real debuginfod',
  (kernels) => {
    const folder = testFolder();

    test('its core and variables are made of its debug information', async () => {
      const { vmlinux } = kernels.K61armhf;
      const buildId = /Build ID: ([0-9a-f]+)/.exec(await readelf(['-n', vmlinux]))?.[1] ?? '';
      const debuginfod = await startDebuginfod({ [buildId]: vmlinux });
      const depot = await startDepot(join(folder, 'armhf'), {
        BTFDEPOT_UPSTREAMS: `debuginfod ${debuginfod.url}`,
      });
      try {
        const ask = () => fetch(`${depot.url}/v1/kernels/${buildId}?wait=60`);
        const record = await vi.waitFor(
          async () => {
            const found = (await (await ask()).json()) as KernelRecord;
            expect(found.state).toBe('ready');
            return found;
          },
          { timeout: 400_000, interval: 500 },
        );
        expect(record).toMatchObject({ arch: 'arm', bits: 32, owner: { rank: 'upstream' } });
        expect(record.core.encoded).toBeDefined();
        expect(record.parts.vars?.variables).toBeGreaterThan(10_000);
      } finally {
        await depot.stop();
        await debuginfod.stop();
      }
    }, 600_000);
  },
);
