import { connect } from 'node:net';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from './testing/start-fetch.ts';

let depot: StartedFetch;
const kernel = `/v1/kernels/${buildIdOf('kernel')}`;

beforeAll(async () => {
  depot = await startFetch();
  await depot.store({ core: kernelBtf() }, { buildId: buildIdOf('kernel') });
});

afterAll(() => depot.close());

/** Sends these very bytes, and takes what comes until the connection ends. */
function send(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(depot.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.setTimeout(5000, () => reject(new Error('no end of the answer within 5 s')));
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    // A server that has seen enough may reset what is still being sent.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      socket.setTimeout(0);
      resolve(answer);
    });
    socket.write(request);
  });
}

const get = (path: string, ...headers: string[]) =>
  [
    'GET',
    ' ',
    path,
    ' HTTP/1.1\r\n',
    ['Host: x', 'Connection: close', ...headers].join('\r\n'),
    '\r\n\r\n',
  ].join('');
const post = (path: string, body: string, ...headers: string[]) =>
  `POST ${path} HTTP/1.1\r\n${['Host: x', 'Connection: close', 'Content-Type: application/json', `Content-Length: ${body.length}`, ...headers].join('\r\n')}\r\n\r\n${body}`;

const deep = '['.repeat(60_000) + ']'.repeat(60_000);
const ranges = Array.from({ length: 3000 }, (_, at) => `${at}-${at}`).join();
const flood = Array.from({ length: 5000 }, (_, at) => `X-${at}: y`);

describe('a hostile request is answered soon, with a code', () => {
  test.each([
    ['a path of a megabyte', get(`${kernel}/vars/${'a'.repeat(1_000_000)}`), 431, 'bad-request'],
    ['a header flood', get(kernel, ...flood), 431, 'bad-request'],
    ['thousands of ranges', get(`${kernel}/vars`, `Range: bytes=${ranges}`), 431, 'bad-request'],
    ['no HTTP', 'hello\r\n\r\n', 400, 'bad-request'],
    ['two lengths', post(`${kernel}/vars/resolve`, '{}', 'Content-Length: 7'), 400, 'bad-request'],
    [
      'length and chunks',
      post('/v1/kernels/lookup', '{}', 'Transfer-Encoding: chunked'),
      400,
      'bad-request',
    ],
    [
      'a chunk size that is none',
      'POST /v1/kernels/lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
      'bad-request',
    ],
    ['a broken escape', get('/v1/kernels/%zz'), 400, 'bad-query'],
    ['an escape that is no UTF-8', get(`${kernel}/%ff`), 400, 'bad-query'],
    ['a zero byte', get(`${kernel}/vars/a%00b`), 404, 'unknown-variable'],
    ['a name of 600 letters', get(`${kernel}/vars/${'a'.repeat(600)}`), 404, 'unknown-variable'],
    ['a parameter twice', get(`${kernel}/vars?limit=1&limit=2`), 400, 'bad-query'],
    ['a parameter as an object', get(`${kernel}/vars?prefix[a]=b`), 400, 'bad-query'],
    ['a number that is none', get('/v1/kernels?limit=1e3'), 400, 'bad-query'],
    ['deep JSON', post(`${kernel}/vars/resolve`, deep), 400, 'bad-body'],
    ['JSON that is none', post(`${kernel}/vars/resolve`, '{"names":'), 400, 'bad-body'],
    [
      '__proto__ in JSON',
      post('/v1/kernels/lookup', '{"__proto__":{"x":1},"y":1}'),
      400,
      'bad-body',
    ],
    [
      'a name of a megabyte',
      post(`${kernel}/vars/resolve`, `{"names":["${'a'.repeat(1_000_000)}"]}`),
      413,
      'too-large',
    ],
    [
      'ten thousand names',
      post(`${kernel}/vars/resolve`, JSON.stringify({ names: Array(10_000).fill('a') })),
      400,
      'bad-body',
    ],
    [
      'a compressed body',
      post('/v1/kernels/lookup', '{}', 'Content-Encoding: gzip'),
      415,
      'unsupported-media',
    ],
    [
      'a method that is none',
      `BREW ${kernel} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      400,
      'bad-request',
    ],
    [
      'a method that nobody takes',
      `PATCH ${kernel} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      405,
      'method-not-allowed',
    ],
  ])('%s', async (_what, request, status, code) => {
    const started = performance.now();
    const answer = await send(request);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain(`"code":"${code}"`);
  });

  test.each(['gzip;q=1e9', 'gzip;q=NaN, *;q=', 'a,'.repeat(2000), '\u00e9'])(
    'Accept-Encoding: %j takes nothing from the answer',
    async (encoding) => {
      const answer = await send(get(kernel, `Accept-Encoding: ${encoding}`));
      expect(answer).toContain('HTTP/1.1 200');
    },
  );
});
