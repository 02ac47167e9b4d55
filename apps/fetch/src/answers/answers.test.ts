import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

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

/** As one of several clients. */
function ask(path: string, client: number): Socket {
  const port = Number(new URL(depot.url).port);
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${client}` });
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return socket;
}

/** Asks, and reads no more than the first bytes. */
async function askSlowly(path: string, client: number): Promise<Socket> {
  const socket = ask(path, client);
  await once(socket, 'readable');
  return socket;
}

async function restOf(socket: Socket): Promise<number> {
  let size = 0;
  socket.on('data', ({ length }: Buffer) => (size += length));
  await once(socket, 'close');
  return size;
}

const path = (buildId: string) => `/v1/kernels/${buildId}/vmlinux.full.btf`;

test('a reader of merged BTF is not cut for another client, who must retry later', async () => {
  const [first, second, third] = ids;
  const sockets = [await askSlowly(path(first), 1), await askSlowly(path(second), 2)];
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

test('one client with many slow connections has its share, and leaves the rest to others', async () => {
  const [first, second, third] = ids;
  const slow = [await askSlowly(path(first), 1)];
  // What it is sent already, it may be sent again; then, that it is too much.
  for (let again = 0; again < 5; again++) slow.push(await askSlowly(path(first), 1));
  for (const buildId of [second, third, second]) {
    expect(await text(ask(path(buildId), 1))).toMatch(/^HTTP\/1.1 503 [^]*"busy"[^]*this client/);
  }
  expect(await text(ask(`/v1/kernels/${third}/vars/init_task`, 1))).toMatch(/^HTTP\/1.1 200 /);
  expect(await text(ask(path(third), 2))).toMatch(/^HTTP\/1.1 200 /);
  const sizes = await Promise.all(slow.map(restOf));
  expect(Math.min(...sizes)).toBeGreaterThan(core.length);
  expect(await text(ask(path(second), 1))).toMatch(/^HTTP\/1.1 200 /);
});
