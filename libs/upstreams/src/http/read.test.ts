import { createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { DEPOT_TEST_CERTIFICATE, DEPOT_TEST_KEY } from '@btf-depot/testing/certificate';
import { afterEach, expect, test } from 'vitest';
import { UPSTREAM_LIMITS, type UpstreamLimits } from '../limits.ts';
import { scriptedServer } from '../testing/scripted-server.ts';
import { readHttp, readWhole } from './read.ts';

const { signal } = new AbortController();
const opened: { dispose: () => Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.dispose()));
});

async function serve(answer: RequestListener) {
  const server = await scriptedServer(answer);
  opened.push(server);
  return server.url;
}

const read = (url: URL, limits: Partial<UpstreamLimits> = {}, maxBytes = 1000) =>
  readWhole(url, { ...UPSTREAM_LIMITS, ...limits }, { signal, maxBytes });

test.each<[what: string, answer: RequestListener, miss: object]>([
  ['404', (_, to) => void to.writeHead(404).end(), { reason: 'missing' }],
  ['403', (_, to) => void to.writeHead(403).end(), { reason: 'refused' }],
  [
    '503 with Retry-After',
    (_, to) => void to.writeHead(503, { 'Retry-After': '7' }).end(),
    { reason: 'unavailable', retryAfter: 7000 },
  ],
  [
    'more than the limit, announced',
    (_, to) => void to.writeHead(200, { 'Content-Length': 5000 }).end(Buffer.alloc(5000)),
    { reason: 'too-large' },
  ],
  ['more than the limit, in pieces', endless, { reason: 'too-large' }],
  [
    'a bomb',
    (_, to) => void to.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('')),
    { reason: 'malformed' },
  ],
  ['what is no HTTP', (from) => void from.socket.end('hello\r\n\r\n'), { reason: 'malformed' }],
  ['an end before an answer', (from) => void from.socket.destroy(), { reason: 'unreachable' }],
  [
    'an end in the middle',
    (from, to) => {
      to.writeHead(200, { 'Content-Length': 900 });
      to.write(Buffer.alloc(100), () => from.socket.destroy());
    },
    { reason: 'cut' },
  ],
  [
    'a redirect without end',
    (from, to) => void to.writeHead(302, { Location: `${from.url}x` }).end(),
    { reason: 'malformed' },
  ],
  [
    'a redirect to no URL of HTTP',
    (_, to) => void to.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
    { reason: 'malformed' },
  ],
])('%s is a value that says so', async (_what, answer, miss) => {
  expect(await read(await serve(answer))).toMatchObject(miss);
});

function endless(_request: unknown, response: Parameters<RequestListener>[1]) {
  const send = () => {
    while (!response.destroyed && response.write(Buffer.alloc(400)));
    if (!response.destroyed) response.once('drain', send);
  };
  send();
}

test('a server that accepts and says nothing is given up', async () => {
  const url = await serve(() => undefined);
  expect(await read(url, { answerMs: 50 })).toMatchObject({ reason: 'timeout' });
});

test('a server that sends a byte now and then is given up', async () => {
  const url = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'), 10);
    response.once('close', () => clearInterval(timer));
  });
  const started = performance.now();
  const found = await read(url, { periodMs: 200, leastBytes: 500 });
  expect(found).toMatchObject({ reason: 'too-slow' });
  expect(performance.now() - started).toBeLessThan(2000);
});

test('a reader that takes its time is not the sender that is slow', async () => {
  const url = await serve((_request, response) => void response.end(Buffer.alloc(600_000)));
  const limits = { ...UPSTREAM_LIMITS, periodMs: 100, leastBytes: 500_000 };
  const answer = await readHttp(url, limits, { signal });
  if ('reason' in answer) throw new Error(answer.detail);
  let size = 0;
  for await (const chunk of answer.bytes) {
    size += chunk.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(size).toBe(600_000);
});

test.each([
  ['http://127.0.0.1:PORT/', 'itself by another name is private, too'],
  ['http://169.254.169.254/latest/meta-data/', 'link-local'],
  ['http://[::1]:PORT/', 'loopback'],
])('a redirect to %s is not followed, unless a setting allows it', async (to) => {
  const inside = await serve((_request, response) => void response.end('secret'));
  const location = to.replace('PORT', inside.port);
  const url = await serve((_request, response) =>
    response.writeHead(302, { Location: location }).end(),
  );
  expect(await read(url)).toMatchObject({ reason: 'private-address' });
  if (!to.includes('127.0.0.1')) return;
  expect(await read(url, { allowPrivate: true })).toMatchObject({ bytes: Buffer.from('secret') });
});

test('a range is requested, and the answer tells where it begins', async () => {
  const bytes = Buffer.from('0123456789');
  const url = await serve((request, response) => {
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from);
    if (request.url === '/ranges') {
      const range = { 'Content-Range': `bytes ${start}-9/10` };
      response.writeHead(206, range).end(bytes.subarray(start));
    } else response.end(bytes);
  });
  const limits = UPSTREAM_LIMITS;
  const options = { signal, start: 4 };
  expect(await readHttp(new URL('ranges', url), limits, options)).toMatchObject({
    start: 4,
    size: 10,
  });
  expect(await readHttp(url, limits, options)).toMatchObject({ start: 0, size: 10 });
});

test('a certificate without a trusted issuer is not accepted', async () => {
  const keys = { key: DEPOT_TEST_KEY, cert: DEPOT_TEST_CERTIFICATE };
  const server = createServer(keys, (_, to) => to.end('x'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const url = new URL(`https://127.0.0.1:${port}/`);
    expect(await read(url)).toMatchObject({ reason: 'bad-certificate' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
