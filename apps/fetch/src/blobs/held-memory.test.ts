import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeldMemory } from './held-memory.ts';

const MEBI = 1024 * 1024;
const SLOW = 1000;

let server: Server;
let clients: Socket[];
let now: number;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  clients = [];
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const client of clients) client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** An answer that nobody reads. */
async function answer(): Promise<ServerResponse> {
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  clients.push(client);
  return (await asked)[1];
}

const bytes = (size: number) => Buffer.alloc(size);

test('who takes nothing for long is cut where others find no room, the others are not', async () => {
  const held = new HeldMemory(8 * MEBI, SLOW);
  const [taking, stuck] = [await answer(), await answer()];
  for (const response of [taking, stuck]) held.holdWhileSent(bytes(3 * MEBI), response);
  expect(held.admits(bytes(MEBI))).toBe(false);
  now = SLOW;
  held.taken(taking);
  now = SLOW + 1;
  expect(held.admits(bytes(MEBI))).toBe(true);
  expect(stuck.req.socket.destroyed).toBe(true);
  expect(taking.req.socket.destroyed).toBe(false);
  // Others may still ask in vain: who takes something in time is left alone.
  now = 2 * SLOW - 1;
  expect(held.admits(bytes(4 * MEBI))).toBe(false);
  expect(taking.req.socket.destroyed).toBe(false);
});

test('who is slow is left alone while there is room', async () => {
  const held = new HeldMemory(8 * MEBI, SLOW);
  const stuck = await answer();
  held.holdWhileSent(bytes(3 * MEBI), stuck);
  now = 10 * SLOW;
  expect(held.admits(bytes(3 * MEBI))).toBe(true);
  expect(stuck.req.socket.destroyed).toBe(false);
});

test('what is sent already needs no more room, and what is small has its own', async () => {
  const held = new HeldMemory(4 * MEBI, SLOW);
  const large = bytes(3 * MEBI);
  held.holdWhileSent(large, await answer());
  expect(held.admits(large)).toBe(true);
  expect(held.admits(bytes(MEBI / 2))).toBe(false);
  for (let small = 0; small < 16; small++) {
    expect(held.admits(bytes(64 * 1024))).toBe(true);
    held.holdWhileSent(bytes(64 * 1024), await answer());
  }
  expect(held.admits(bytes(64 * 1024))).toBe(false);
});

test('what is larger than all the room goes where it is the only one', async () => {
  const held = new HeldMemory(MEBI, SLOW);
  expect(held.admits(bytes(9 * MEBI))).toBe(true);
  const response = await answer();
  held.holdWhileSent(bytes(9 * MEBI), response);
  expect(() => held.admit(bytes(9 * MEBI))).toThrow(/slow readers/);
  response.destroy();
  await once(response, 'close');
  expect(held.admits(bytes(9 * MEBI))).toBe(true);
});
