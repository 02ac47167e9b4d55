import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DepotError } from '@btf-depot/depot';
import { Router } from 'express';
import { afterEach, expect, test } from 'vitest';
import { startHttpService, type HttpService, type HttpServiceOptions } from './http-service.ts';
import { createLogger } from '../logger.ts';

let service: HttpService | undefined;

afterEach(() => service?.close());

async function start(options: Partial<HttpServiceOptions> = {}): Promise<HttpService> {
  const log = createLogger('test', 'silent');
  service = await startHttpService({ host: '127.0.0.1', port: 0, log, checks: {}, ...options });
  return service;
}

/** A route that answers when it is told to. */
function slowRoute() {
  const router = Router();
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    router.get('/slow', (_request, response) => {
      answer = () => response.end('done');
      resolve();
    });
  });
  return { router, asked, answer: () => answer() };
}

/** Two requests on one connection: the second comes once the first, which is slow, is under way. */
async function twoRequests(started: HttpService, asked: Promise<void>, second: string) {
  const { hostname, port } = new URL(started.url);
  const socket = connect(Number(port), hostname);
  const answers = text(socket);
  socket.write(`GET /slow HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  await asked;
  return {
    send: () => void socket.write(`${second} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`),
    answers: async () => (await answers).split(/(?=HTTP\/1.1 )/),
  };
}

test.each([
  ['a read on an open connection is answered', 'GET /healthz', /^HTTP\/1.1 200 [^]*"ok"/],
  ['a change is refused', 'POST /slow', /^HTTP\/1.1 503 [^]*"code":"shutting-down"/],
])('closing lets what runs finish; %s, and ends it', async (_, second, expected) => {
  const { router, asked, answer } = slowRoute();
  const started = await start({ router });
  const { send, answers } = await twoRequests(started, asked, second);
  const closing = started.close();
  send();
  await sleep(50);
  answer();
  await closing;
  const [running = '', later = ''] = await answers();
  expect(running).toMatch(/^HTTP\/1.1 200 [^]*done/);
  expect(later).toMatch(expected);
  expect(later).toContain('Connection: close');
  await expect(fetch(started.url)).rejects.toThrow();
});

test('draining: not ready, serves all the same, and each answer ends its connection', async () => {
  const router = Router().get('/routed', (_request, response) => response.end('routed'));
  const { url, drain } = await start({
    router,
    drainMs: 500,
    hot: ({ url: path }, response) => {
      if (path === '/hot') response.writeHead(200, { 'X-Hot': '1' }).end('hot');
      return path === '/hot';
    },
  });
  const before = await fetch(`${url}/readyz`);
  expect(before.status).toBe(200);
  expect(before.headers.get('connection')).toBe('keep-alive');
  const started = performance.now();
  const drained = drain();
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ status: 'stopping' });
  for (const path of ['/hot', '/routed', '/healthz']) {
    const answer = await fetch(url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection'), path).toBe('close');
  }
  expect((await fetch(`${url}/none`)).headers.get('connection')).toBe('close');
  await drained;
  expect(performance.now() - started).toBeGreaterThan(490);
});

test('draining is said at once, whatever the checks take: a drain is short', async () => {
  const hanging = () => new Promise<void>(() => undefined);
  const { url, drain } = await start({
    drainMs: 1000,
    checks: { store: { kind: 'hard', run: hanging } },
  });
  const drained = drain();
  const ready = await Promise.race([fetch(`${url}/readyz`), drained]);
  expect(ready?.status).toBe(503);
  await drained;
});

test('what outlasts the time of grace is told to end, and its answer is still sent', async () => {
  const { router, asked, answer } = slowRoute();
  const reasons: string[] = [];
  const onLate = (reason: DepotError) => {
    reasons.push(reason.code);
    answer();
  };
  const started = await start({ router, graceMs: 50, onLate });
  const running = fetch(`${started.url}/slow`).then((response) => response.text());
  await asked;
  await started.close();
  expect(await running).toBe('done');
  expect(reasons).toEqual(['shutting-down']);
});

test('requests that outlast the time of grace are cut', async () => {
  const { router, asked } = slowRoute();
  const started = await start({ router, graceMs: 50 });
  const running = fetch(`${started.url}/slow`);
  const cut = expect(running).rejects.toThrow();
  await asked;
  await started.close();
  await cut;
});

test('readiness says what is not there', async () => {
  const { url } = await start({
    checks: {
      store: { kind: 'hard', run: () => Promise.reject(new Error('no route to it')) },
      queue: { kind: 'hard', run: () => Promise.resolve() },
      list: { kind: 'degraded', run: () => Promise.reject(new Error('is old')) },
    },
  });
  const answer = await fetch(`${url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({
    status: 'not ready',
    failing: { store: 'no route to it' },
    degraded: { list: 'is old' },
  });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test("a caller's request id is kept where it is harmless, else there is a new one", async () => {
  const { url } = await start();
  const idOf = async (id: string) =>
    (await fetch(`${url}/healthz`, { headers: { 'x-request-id': id } })).headers.get(
      'x-request-id',
    );
  expect(await idOf('build-17.a')).toBe('build-17.a');
  expect(await idOf('{"a":1}')).toMatch(/^[0-9a-f-]{36}$/);
});

test('errors are problems with their code; what is internal stays inside', async () => {
  const router = Router();
  router.get('/known', () => {
    throw new DepotError('no-vars', 'none were uploaded');
  });
  router.get('/unknown', () => Promise.reject(new Error('the password is xyzzy')));
  const { url } = await start({ router });
  const known = await fetch(`${url}/known`);
  expect(known.headers.get('content-type')).toBe('application/problem+json');
  expect(await known.json()).toMatchObject({
    status: 404,
    code: 'no-vars',
    detail: 'none were uploaded',
    requestId: known.headers.get('x-request-id'),
  });
  const unknown = await fetch(`${url}/unknown`);
  expect(unknown.status).toBe(500);
  expect(await unknown.text()).not.toContain('xyzzy');
});

test('what is answered hot never reaches the routes', async () => {
  const { url } = await start({
    hot: (asked, response, next) => {
      if (asked.url === '/cold') return false;
      if (asked.url === '/hot') response.end('from memory');
      else setTimeout(next);
      return true;
    },
  });
  expect(await (await fetch(`${url}/hot`)).text()).toBe('from memory');
  expect((await fetch(`${url}/cold`)).status).toBe(404);
  expect((await fetch(`${url}/later`)).status).toBe(404);
});

test('a port that is taken is an error of the start', async () => {
  const { url } = await start();
  const port = Number(new URL(url).port);
  const log = createLogger('test', 'silent');
  await expect(startHttpService({ host: '127.0.0.1', port, log, checks: {} })).rejects.toThrow(
    'EADDRINUSE',
  );
});

/** Connections that say nothing, or half of a request, and how many of them are still open. */
function idlers(url: string, count: number) {
  const { hostname, port } = new URL(url);
  let open = 0;
  for (let n = 0; n < count; n++) {
    const socket = connect(Number(port), hostname, () => {
      open++;
      if (n % 2 === 0) socket.write('GET /healthz HTTP/1.1\r\nHo');
    });
    let isOpen = true;
    const gone = () => {
      if (isOpen) open--;
      isOpen = false;
    };
    socket.resume().on('error', gone).on('close', gone);
  }
  return () => open;
}

test('many connections that say nothing, or half of it, are closed, and others served meanwhile', async () => {
  const { url } = await start({ limits: { head: 1000 } });
  const open = idlers(url, 300);
  await expect.poll(open).toBe(300);
  const started = performance.now();
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(performance.now() - started).toBeLessThan(900);
  await expect.poll(open).toBe(0);
});

test('no more connections than the limit are held', async () => {
  const { url } = await start({ limits: { connections: 20, head: 1000 } });
  const open = idlers(url, 60);
  await expect.poll(open).toBe(20);
  await expect.poll(open).toBe(0);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test.each([
  [['loopback'], '192.0.2.1'],
  [[], '127.0.0.1'],
])('ahead of Express too a request says whom it is from: %j', async (trustedProxies, ip) => {
  const router = Router();
  router.get('/cold', (request, response) => response.end(request.ip));
  const { url } = await start({
    router,
    trustedProxies,
    hot: (request, response) => {
      if (request.url === '/cold') return false;
      response.end(request.ip);
      return true;
    },
  });
  const headers = { 'X-Forwarded-For': '203.0.113.1, 192.0.2.1' };
  for (const path of ['/hot', '/cold']) {
    expect(await (await fetch(url + path, { headers })).text()).toBe(ip);
  }
});
