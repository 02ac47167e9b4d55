import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { kernelFile } from '@btf-depot/testing';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

const LIMIT = 1024 * 1024;
const BOUNDARY = 'part-of-something';

let ingest: Awaited<ReturnType<typeof startIngest>>;
let nothing: Awaited<ReturnType<(typeof ingest)['left']>>;

beforeAll(async () => {
  ingest = await startIngest({
    BTFDEPOT_UPLOAD_LIMIT: '1m',
    BTFDEPOT_UPLOAD_PERIOD: '0.3',
    BTFDEPOT_UPLOAD_LEAST: '1k',
  });
  nothing = await ingest.left();
});

// Whatever a test did to its connection: the service lives, and holds nothing of it.
afterEach(async () => {
  expect((await fetch(`${ingest.url}/healthz`)).status).toBe(200);
  await expect.poll(() => ingest.left()).toEqual(nothing);
});

afterAll(() => ingest.stop());

/** Opens a connection and sends the head of an upload. */
async function open(headers: string): Promise<Socket> {
  const { hostname, port } = new URL(ingest.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`POST /v1/kernels HTTP/1.1\r\nHost: ${hostname}\r\n${headers}\r\n\r\n`);
  return socket;
}

/** The answer, once it has come whole or the connection has ended, whichever way. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
      if (answer.endsWith('}\n')) resolve(answer);
    });
    socket.once('close', () => resolve(answer));
  });
}

const plain = (length: number) => open(`Content-Length: ${length}`);

/** A multipart upload with room for so many bytes of its file, and no end. */
async function multipart(length: number): Promise<Socket> {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="kernel"; filename="vmlinux"\r\n\r\n`;
  const type = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`;
  const socket = await open(`${type}\r\nContent-Length: ${head.length + length}`);
  socket.write(head);
  return socket;
}

test('an upload that announces more than the limit is refused before it is read', async () => {
  const socket = await plain(LIMIT + 1);
  const answer = await answerOf(socket);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toContain('"code":"too-large"');
});

test('an upload that does not say its length is read up to the limit and no further', async () => {
  const socket = await open('Transfer-Encoding: chunked');
  const answer = answerOf(socket);
  const chunk = Buffer.alloc(64 * 1024);
  let sent = 0;
  while (!socket.destroyed && sent < 1024 * LIMIT) {
    const more = socket.write(
      Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]),
    );
    sent += chunk.length;
    if (!more) {
      await new Promise((resolve) => {
        socket.once('drain', resolve).once('close', resolve);
      });
    }
  }
  expect(await answer).toMatch(/^HTTP\/1.1 413 /);
  expect(sent).toBeLessThan(1024 * LIMIT);
});

/** How often the metrics say that a client was gone. */
async function cuts(): Promise<number> {
  const { values } = (await ingest.metrics.registry
    .getSingleMetric('btfdepot_refusals_total')
    ?.get()) ?? { values: [] };
  return values.find(({ labels }) => labels.code === 'upload-cut')?.value ?? 0;
}

test.each([
  ['plain', (length: number) => plain(length)],
  ['multipart', (length: number) => multipart(length)],
  ['packed', (length: number) => open(`Content-Encoding: gzip\r\nContent-Length: ${length}`)],
])('a connection cut half-way (%s) is counted and logged as that', async (form, start) => {
  const failed = vi.spyOn(ingest.log, 'error');
  const told = vi.spyOn(ingest.log, 'info');
  const before = await cuts();
  const kernel = kernelFile({ ballast: 512 * 1024 });
  const bytes = form === 'packed' ? gzipSync(kernel, { level: 0 }) : kernel;
  const socket = await start(bytes.length);
  socket.write(bytes.subarray(0, bytes.length / 2));
  await expect.poll(async () => (await ingest.left()).staged).toEqual(['kernel']);
  socket.resetAndDestroy();
  await expect.poll(cuts).toBe(before + 1);
  expect(failed).not.toHaveBeenCalled();
  expect(told).toHaveBeenCalledWith(expect.objectContaining({ code: 'upload-cut' }), 'refused');
  vi.restoreAllMocks();
});

test('a multipart body that ends in the middle of its file', async () => {
  const socket = await multipart(2000);
  socket.write(Buffer.alloc(2000));
  const answer = await answerOf(socket);
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer).toContain('"code":"bad-multipart"');
});

test.each([
  ['sends nothing at all', () => undefined],
  ['sends a byte now and then', (socket: Socket) => socket.write('x')],
])('a sender that %s is told so and cut', async (_what, trickle) => {
  const socket = await plain(100_000);
  socket.write(Buffer.alloc(2000));
  const timer = setInterval(() => trickle(socket), 50);
  const answer = await answerOf(socket);
  clearInterval(timer);
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toContain('"code":"upload-stalled"');
});

test.each([
  ['Content-Encoding: br', 415, 'unsupported-media'],
  ['Content-Type: multipart/form-data', 400, 'bad-multipart'],
])('a body that nobody reads, of %s, is not waited for', async (header, status, code) => {
  const socket = await open(`${header}\r\nContent-Length: 100000`);
  const answer = await answerOf(socket);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain(`"code":"${code}"`);
  // Past the period in which a sender must deliver something.
  await sleep(700);
});

test('a sender that is slow, but not too slow, is served', async () => {
  const bytes = kernelFile({ buildId: 'ab'.repeat(20) });
  const socket = await plain(bytes.length);
  const step = Math.ceil(bytes.length / 5);
  for (let at = 0; at < bytes.length; at += step) {
    socket.write(bytes.subarray(at, at + step));
    await sleep(20);
  }
  const [head] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(head.toString()).toMatch(/^HTTP\/1.1 201 /);
  nothing = await ingest.left();
});
