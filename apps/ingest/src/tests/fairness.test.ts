import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createToken } from '@btf-depot/depot';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

const UPLOADS = 4;

let ingest: Awaited<ReturnType<typeof startIngest>>;
const sockets: Socket[] = [];

beforeAll(async () => {
  ingest = await startIngest({
    BTFDEPOT_TOKENS: 'uploads',
    BTFDEPOT_UPLOADS: String(UPLOADS),
    BTFDEPOT_UPLOAD_PERIOD: '0.3',
    BTFDEPOT_UPLOAD_LEAST: '1',
    BTFDEPOT_UPLOAD_RATE: '4k',
  });
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(() => ingest.stop());

/** A token of a farm, as the header that it is sent in. */
async function tokenOf(owner: string): Promise<string> {
  const createdAt = new Date().toISOString();
  const made = createToken({ name: 'test', owner, scopes: ['upload'], createdAt });
  await ingest.tokens.put(made.token);
  return `Bearer ${made.text}`;
}

async function send(name: string, authorization: string) {
  const body = new Uint8Array(kernelFile({ buildId: buildIdOf(name) }));
  const headers = { Authorization: authorization };
  const response = await fetch(`${ingest.url}/v1/kernels`, { method: 'POST', body, headers });
  await response.body?.cancel();
  return response.status;
}

/** An upload that begins, and goes on at so many bytes in a tenth of a second; its answer. */
async function sendSlowly(authorization: string, bytes: number) {
  const { hostname, port } = new URL(ingest.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(
    `PUT /v1/kernels HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: ${authorization}\r\n` +
      'Content-Length: 1000000\r\n\r\n',
  );
  const timer = setInterval(() => socket.write(Buffer.alloc(bytes)), 100);
  socket.once('close', () => clearInterval(timer));
  return () => answer;
}

const underWay = async () => (await ingest.left()).staged.length;

test('slow uploads of one farm, in all places and with several tokens, do not keep another out', async () => {
  const tokens = [await tokenOf('slow'), await tokenOf('slow')];
  const answers: (() => string)[] = [];
  for (let count = 0; count < UPLOADS; count++) {
    answers.push(await sendSlowly(tokens[count % 2], 2000));
    await expect.poll(underWay).toBe(count + 1);
  }
  expect(await send('mine', tokens[0])).toBe(503);
  expect(await send('honest', await tokenOf('honest'))).toBe(201);
  await expect
    .poll(() => answers.map((answer) => answer() !== ''))
    .toEqual([...Array.from({ length: UPLOADS - 1 }, () => false), true]);
  const cut = answers.at(-1)?.() ?? '';
  expect(cut).toMatch(/^HTTP\/1.1 503 /);
  expect(cut).toMatch(/^Retry-After: \d+\r$/m);
  expect(cut).toContain('"code":"too-many-uploads"');
});

test('an upload that always sends something, and too little on the whole, is cut', async () => {
  await expect.poll(underWay).toBe(0);
  const authorization = await tokenOf('trickling');
  const [slow, fast] = [
    await sendSlowly(authorization, 100),
    await sendSlowly(authorization, 2000),
  ];
  await expect.poll(slow, { timeout: 5000 }).toMatch(/"code":"upload-stalled"/);
  expect(slow()).toMatch(
    /^HTTP\/1.1 408 [^]* bytes a second arrived on average; the least is 4096/,
  );
  expect(fast()).toBe('');
});
