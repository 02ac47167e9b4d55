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
const ids = Array.from({ length: 3 }, (_, at) => buildIdOf(`kernel ${at}`));

let depot: StartedFetch;

beforeAll(async () => {
  // Three quarters are for large answers: room for two.
  const limits = { BTFDEPOT_HOT_ANSWERS: 4 * core.length - 1, BTFDEPOT_OPEN_KERNELS: 256 * MEBI };
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

test('who reads merged BTF is not cut for another, who is told to come back', async () => {
  const path = (buildId: string) => `/v1/kernels/${buildId}/vmlinux.full.btf`;
  const [first, second, third] = ids;
  const sockets = [await askSlowly(path(first)), await askSlowly(path(second))];
  // Twice: what was computed is in memory, and not sent either.
  for (let asked = 0; asked < 2; asked++) {
    const refused = await depot.get(path(third));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({ code: 'busy' });
  }
  // What is sent already, and what is small, has room.
  const whole = await (await depot.get(path(first))).bytes();
  expect(whole.length).toBeGreaterThan(core.length);
  expect((await depot.get(`/v1/kernels/${third}/vars/init_task`)).status).toBe(200);
  const sizes = await Promise.all(sockets.map(restOf));
  expect(Math.min(...sizes)).toBeGreaterThan(whole.length);
  await expect.poll(async () => (await depot.get(path(third))).status).toBe(200);
});
