import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from './testing/start-fetch.ts';

const MEBI = 1024 * 1024;

/** Merged, each is more than the buffers between us and a reader that reads nothing. */
const ballast = 110_000;
const core = kernelBtf({ ballast });
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ ballast, globals: true }))).bytes;
const ids = Array.from({ length: 4 }, (_, at) => buildIdOf(`kernel ${at}`));

let depot: StartedFetch;

beforeAll(async () => {
  // Room for two.
  const limits = { BTFDEPOT_HOT_ANSWERS: 3 * core.length - 1, BTFDEPOT_OPEN_KERNELS: 256 * MEBI };
  depot = await startFetch(limits);
  for (const buildId of ids) await depot.store({ core, vars }, { buildId });
});

afterAll(() => depot.close());

/** Asks, and reads no more than the first bytes. */
async function askSlowly(path: string): Promise<Socket> {
  const socket = connect(Number(new URL(depot.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

async function restOf(socket: Socket): Promise<number> {
  let size = 0;
  socket.on('data', ({ length }: Buffer) => (size += length));
  await once(socket, 'close');
  return size;
}

test('slow readers of merged BTF hold what they may, whoever takes nothing for longest is cut', async () => {
  const path = (buildId: string) => `/v1/kernels/${buildId}/vmlinux.full.btf`;
  const sockets: Socket[] = [];
  for (const buildId of ids) sockets.push(await askSlowly(path(buildId)));
  const whole = await (await depot.get(path(ids[0]))).bytes();
  expect(whole.length).toBeGreaterThan(core.length);
  const sizes = await Promise.all(sockets.map(restOf));
  // Two fit, so that the last answer has left room for the last reader alone.
  expect(sizes.map((size) => size > whole.length)).toEqual([false, false, false, true]);
});
