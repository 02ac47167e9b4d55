import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { mergeBtf, parseBtf } from '@btf-depot/btf';
import { openMinioStores, type Stores } from '@btf-depot/blob-store';
import type { KernelRecord } from '@btf-depot/contracts';
import { attachVariables } from '@btf-depot/extras';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import {
  bucketSettings,
  startProcess,
  urlOf,
  type StartedProcess,
} from '@btf-depot/testing/processes';
import { afterAll, beforeAll, expect, test } from 'vitest';

const KIBI = 1024;
const MEBI = 1024 * KIBI;

const HOT_BLOBS = 32 * MEBI;
const HOT_ANSWERS = 32 * MEBI;
const OPEN_KERNELS = 64 * MEBI;

/** In addition to the cache, slow readers may hold as much again. */
const BY_THE_SETTINGS = 2 * (HOT_BLOBS + HOT_ANSWERS) + OPEN_KERNELS;

/** A connection's own buffers, to the reader and to the store. */
const OF_A_READER = 256 * KIBI;

/** Memory that is not collected yet, and a kernel that is opened or merged meanwhile. */
const MARGIN = 192 * MEBI;

const READERS = 500;

/** More than the buffers between the service and a reader that reads nothing. */
const blob = (seed: string) => someBytes(8 * MEBI, seed);
const hot = blob('hot');
const cold = Array.from({ length: 25 }, (_, at) => blob(`cold ${at}`));
const nobodys = Array.from({ length: 8 }, (_, at) => blob(`of nobody else ${at}`));

const ballast = 110_000;
const core = kernelBtf({ ballast });
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ ballast, globals: true }))).bytes;
const kernels = Array.from({ length: 150 }, (_, at) => buildIdOf(`kernel ${at}`));

describeWithServices(['minio'], `${READERS} slow readers`, ({ minio }) => {
  let service: StartedProcess;
  let url: string;
  const readers: Socket[] = [];

  beforeAll(async () => {
    const { endpoint, accessKey, secretKey } = minio;
    const bucket = `slow-readers-${process.pid}`;
    await fill(await openMinioStores({ endpoint, accessKey, secretKey, bucket }));
    service = startProcess('apps/fetch/src/main.ts', [], {
      ...bucketSettings({ endpoint, accessKey, secretKey, bucket }),
      BTFDEPOT_PORT: '0',
      BTFDEPOT_HOT_BLOBS: `${HOT_BLOBS}`,
      BTFDEPOT_HOT_ANSWERS: `${HOT_ANSWERS}`,
      BTFDEPOT_OPEN_KERNELS: `${OPEN_KERNELS}`,
    });
    url = await urlOf(service);
  });

  afterAll(async () => {
    for (const reader of readers) reader.destroy();
    await service.stop('SIGKILL');
  });

  const get = (path: string) => fetch(url + path);

  /** Another client requests this meanwhile, and must get it. */
  async function expectRightAnswers(round: number): Promise<void> {
    expect(sha256Of(await (await get(blobPath(hot))).bytes())).toBe(sha256Of(hot));
    const variable = await get(`/v1/kernels/${kernels[round % 3]}/vars/init_task`);
    expect(await variable.json()).toMatchObject({ variables: [{ name: 'init_task' }] });
    const unread = nobodys[round % nobodys.length];
    expect(sha256Of(await (await get(blobPath(unread))).bytes())).toBe(sha256Of(unread));
  }

  /** In bytes: the process's memory now, and at its largest. */
  async function memory(): Promise<{ now: number; most: number }> {
    const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
    const of = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]);
    return { now: of('VmRSS') * KIBI, most: of('VmHWM') * KIBI };
  }

  test(
    'hold no more memory than the settings say, and nobody else is harmed',
    { timeout: 180_000 },
    async () => {
      await get('/v1/kernels');
      const before = (await memory()).now;
      for (let number = 0; number < READERS; number++) readers.push(await askSlowly(url, number));
      const isSent = ({ bytesRead }: Socket) => bytesRead > 0;
      for (let round = 0; round < 20; round++) await expectRightAnswers(round);
      // Requests without an answer in time get one too.
      await expect.poll(() => readers.every(isSent)).toBe(true);
      const { most } = await memory();
      expect(most - before).toBeLessThan(BY_THE_SETTINGS + READERS * OF_A_READER + MARGIN);
      // Readers that stopped are cut when others need memory.
      const path = `/v1/kernels/${kernels[0]}/vmlinux.full.btf`;
      await expect
        .poll(async () => sha256Of(await (await get(path)).bytes()))
        .toBe(sha256Of(mergeBtf(parseBtf(vars, { base: parseBtf(core) }))));
      await expectRightAnswers(0);
    },
  );
});

const blobPath = (bytes: Uint8Array) => `/v1/blobs/sha256/${sha256Of(bytes)}`;

const resolveBody = JSON.stringify({ names: Array.from({ length: 1000 }, () => 'init_task') });

/** A fifth reads the same hot blob, a fifth cold ones, the others computed answers. */
function requestOf(number: number): string {
  const ofKernel = `/v1/kernels/${kernels[number % kernels.length]}`;
  const paths = [
    blobPath(hot),
    blobPath(cold[number % cold.length]),
    `${ofKernel}/vmlinux.full.btf`,
    `${ofKernel}/vmlinux.full.btf`,
  ];
  const path = paths[number % 5];
  if (path !== undefined) return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const head = `Content-Type: application/json\r\nContent-Length: ${resolveBody.length}\r\n`;
  return `POST ${ofKernel}/vars/resolve HTTP/1.1\r\nHost: x\r\n${head}\r\n${resolveBody}`;
}

/** Sends a request, and then reads nothing, or a kilobyte now and then. */
async function askSlowly(url: string, number: number): Promise<Socket> {
  // From several clients: each has a budget of computed answers.
  const localAddress = `127.0.1.${1 + (number % 50)}`;
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(requestOf(number));
  if (number % 2 === 0) {
    const reading = setInterval(() => void socket.read(KIBI), 200);
    socket.once('close', () => clearInterval(reading));
  }
  return socket;
}

async function fill({ blobs, records }: Stores): Promise<void> {
  const all = [hot, ...cold, ...nobodys];
  for (const bytes of [core, vars, ...all]) await blobs.put(sha256Of(bytes), bytes);
  const artifacts: KernelRecord['artifacts'] = {};
  all.forEach((bytes, at) => {
    artifacts[`${at}`] = { sha256: sha256Of(bytes), size: bytes.length, mediaType: 'text/plain' };
  });
  const baseSha256 = sha256Of(core);
  const extra = { sha256: sha256Of(vars), size: vars.length, types: 1, variables: 3 };
  for (const buildId of kernels) {
    const record = kernelRecord({
      buildId,
      state: 'ready',
      artifacts,
      core: { sha256: baseSha256, size: core.length, types: 1, origin: 'verbatim' },
      parts: { vars: { ...extra, origin: 'full', baseSha256 } },
    });
    await records.put(record, undefined);
  }
}
