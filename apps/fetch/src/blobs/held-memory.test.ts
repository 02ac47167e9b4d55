import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
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

const someone = { ip: '192.0.2.1' };
const other = { ip: '192.0.2.2' };

type Sent = ServerResponse<IncomingMessage & typeof someone>;

/** An answer that nobody reads; by default each has another client. */
async function answer(of = { ip: `198.51.100.${clients.length}` }): Promise<Sent> {
  const asked = once(server, 'request') as Promise<[unknown, Sent]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  clients.push(client);
  const [, response] = await asked;
  Object.assign(response.req, of);
  return response;
}

const bytes = (size: number) => Buffer.alloc(size);

test('a client that stopped reading is cut when others need its memory, and no other', async () => {
  const held = new HeldMemory(8 * MEBI, SLOW);
  const [taking, stuck] = [await answer(), await answer()];
  for (const response of [taking, stuck]) held.holdWhileSent(bytes(3 * MEBI), response);
  expect(held.admits(bytes(MEBI), someone)).toBe(false);
  now = SLOW;
  held.taken(taking);
  now = SLOW + 1;
  expect(held.admits(bytes(MEBI), someone)).toBe(true);
  expect(stuck.req.socket.destroyed).toBe(true);
  expect(taking.req.socket.destroyed).toBe(false);
  // Others still get no memory: a client that reads in time is left alone.
  now = 2 * SLOW - 1;
  expect(held.admits(bytes(4 * MEBI), someone)).toBe(false);
  expect(taking.req.socket.destroyed).toBe(false);
});

test('a slow reader continues while there is memory', async () => {
  const held = new HeldMemory(8 * MEBI, SLOW);
  const stuck = await answer();
  held.holdWhileSent(bytes(3 * MEBI), stuck);
  now = 10 * SLOW;
  expect(held.admits(bytes(3 * MEBI), someone)).toBe(true);
  expect(stuck.req.socket.destroyed).toBe(false);
});

test('sent bytes need no more memory, and small answers have their own', async () => {
  const held = new HeldMemory(4 * MEBI, SLOW);
  const large = bytes(3 * MEBI);
  held.holdWhileSent(large, await answer());
  expect(held.admits(large, someone)).toBe(true);
  expect(held.admits(bytes(MEBI / 2), someone)).toBe(false);
  for (let small = 0; small < 16; small++) {
    expect(held.admits(bytes(64 * 1024), someone)).toBe(true);
    held.holdWhileSent(bytes(64 * 1024), await answer());
  }
  expect(held.admits(bytes(64 * 1024), someone)).toBe(false);
});

test('an answer larger than all the memory is sent if it is the only one', async () => {
  const held = new HeldMemory(MEBI, SLOW);
  expect(held.admits(bytes(9 * MEBI), someone)).toBe(true);
  const response = await answer();
  held.holdWhileSent(bytes(9 * MEBI), response);
  expect(() => held.admit(bytes(9 * MEBI), someone)).toThrow(/slow readers/);
  response.destroy();
  await once(response, 'close');
  expect(held.admits(bytes(9 * MEBI), someone)).toBe(true);
});

test('one client gets at most its share, and others get theirs', async () => {
  const held = new HeldMemory(16 * MEBI, SLOW);
  const large = bytes(3 * MEBI);
  held.holdWhileSent(large, await answer(someone));
  expect(() => held.admit(bytes(2 * MEBI), someone)).toThrow(/of this client/);
  expect(held.admits(bytes(MEBI), someone)).toBe(true);
  // Small answers have their own memory.
  expect(held.admits(bytes(64 * 1024), someone)).toBe(true);
  // The same bytes once more take no more memory.
  expect(held.admits(large, someone)).toBe(true);
  held.holdWhileSent(large, await answer(someone));
  expect(held.admits(bytes(MEBI), someone)).toBe(true);
  expect(held.admits(bytes(8 * MEBI), other)).toBe(true);
});

test('bytes that two clients are sent count for both', async () => {
  const held = new HeldMemory(16 * MEBI, SLOW);
  const [own, shared] = [bytes(3 * MEBI), bytes(3 * MEBI)];
  held.holdWhileSent(own, await answer(someone));
  const sent = await answer(other);
  held.holdWhileSent(shared, sent);
  expect(held.admits(shared, someone)).toBe(false);
  sent.destroy();
  await once(sent, 'close');
  expect(held.admits(shared, other)).toBe(true);
  expect(held.admits(bytes(9 * MEBI), other)).toBe(true);
});

test('a client with its full share has its own stopped readers cut, only for itself', async () => {
  const held = new HeldMemory(16 * MEBI, SLOW);
  const [stuck, ofOther] = [await answer(someone), await answer(other)];
  for (const response of [ofOther, stuck]) held.holdWhileSent(bytes(3 * MEBI), response);
  now = SLOW;
  expect(held.admits(bytes(3 * MEBI), someone)).toBe(true);
  expect(stuck.req.socket.destroyed).toBe(true);
  expect(ofOther.req.socket.destroyed).toBe(false);
});

test('one client has a share of small answers, too', async () => {
  const held = new HeldMemory(MEBI, SLOW);
  const small = () => bytes(64 * 1024);
  for (let sent = 0; sent < 8; sent++) {
    expect(held.admits(small(), someone)).toBe(true);
    held.holdWhileSent(small(), await answer(someone));
  }
  expect(held.admits(small(), someone)).toBe(false);
  expect(held.admits(small(), other)).toBe(true);
});
