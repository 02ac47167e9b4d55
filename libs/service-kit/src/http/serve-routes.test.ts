import type { HEALTH_ROUTES, RouteTable } from '@btf-depot/contracts/routes';
import { Router } from 'express';
import { afterEach, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { startHttpService, type HttpService } from './http-service.ts';
import { createLogger } from '../logger.ts';
import { routesElsewhere } from './routes-elsewhere.ts';
import { serveRoutes, type Handlers } from './serve-routes.ts';

const common = { summary: '', answers: {}, problems: [] } as const;

const TABLE = {
  any: {
    ...common,
    method: 'get',
    path: '/things/{name}',
    query: z.strictObject({ size: z.string().exactOptional() }),
  },
  add: {
    ...common,
    method: 'post',
    path: '/things/{name}',
    body: { schema: z.strictObject({ count: z.number() }), limit: 20 },
  },
  best: { ...common, method: 'get', path: '/things/best' },
} as const satisfies RouteTable;

let http: HttpService | undefined;

afterEach(() => http?.close());

async function ask(path: string, init?: RequestInit) {
  http = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log: createLogger('test', 'silent'),
    checks: {},
    router: serveRoutes(TABLE, {
      any: ({ response, params, query }) => response.json({ any: params.name, ...query() }),
      add: async ({ response, params, body }) => {
        const { count } = await body();
        response.json({ add: params.name, count });
      },
      best: ({ response }) => response.json('best'),
    }),
  });
  const answer = await fetch(http.url + path, init);
  return { allow: answer.headers.get('allow'), body: await answer.json() };
}

test('what another service answers is refused with the words who does', async () => {
  const others = routesElsewhere(
    { sell: { ...common, method: 'get', path: '/sold/{name}' }, add: TABLE.add },
    { says: 'the shop does that', url: 'http://shop.test/' },
  );
  const own = serveRoutes({ best: TABLE.best }, { best: ({ response }) => response.json('best') });
  http = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log: createLogger('test', 'silent'),
    checks: {},
    router: Router().use(own, others),
  });
  const { url } = http;
  const told = async (path: string, method = 'GET') => {
    const answer = await fetch(url + path, { method });
    return [answer.status, ((await answer.json()) as { detail?: string }).detail];
  };
  const words = ': the shop does that: http://shop.test/';
  expect(await told('/sold/a')).toEqual([404, `no route /sold/a${words}`]);
  expect(await told('/things/best', 'POST')).toEqual([405, `POST is not one of GET, HEAD${words}`]);
  expect(await told('/sold/a', 'POST')).toEqual([404, 'no route /sold/a']);
  expect(await told('/things/best')).toEqual([200, undefined]);
});

const post = (body: string, type = 'application/json') => ({
  method: 'POST',
  body,
  headers: { 'Content-Type': type },
});

test.each([
  ['its parameters and query', '/things/a%20b?size=3', {}, { any: 'a b', size: '3' }],
  ['its body', '/things/a', post('{"count":3}'), { add: 'a', count: 3 }],
  ['the path with more fixed text, wherever its line is', '/things/best', {}, 'best'],
])('a handler has %s', async (_what, path, init, body) => {
  expect((await ask(path, init)).body).toEqual(body);
});

test.each([
  ['bad-query', 'a parameter that the route does not have', '/things/a?color=red', {}],
  ['bad-query', 'one parameter twice', '/things/a?size=3&size=3', {}],
  ['bad-body', 'a body of another shape', '/things/a', post('{"count":"3"}')],
  ['too-large', 'a body over the limit', '/things/a', post(`{"count":3${' '.repeat(20)}}`)],
  ['unsupported-media', 'a body of another type', '/things/a', post('count=3', 'text/plain')],
])('%s: %s', async (code, _what, path, init) => {
  expect((await ask(path, init)).body).toMatchObject({ code });
});

test('405 names the methods of all routes of the path', async () => {
  const { allow, body } = await ask('/things/a', { method: 'DELETE' });
  expect(body).toMatchObject({ code: 'method-not-allowed' });
  expect(allow).toBe('GET, HEAD, POST');
});

test('a table of handlers that leaves one out does not compile', () => {
  const healthz = () => undefined;
  expectTypeOf({ healthz, readyz: healthz }).toExtend<Handlers<typeof HEALTH_ROUTES>>();
  expectTypeOf({ healthz }).not.toExtend<Handlers<typeof HEALTH_ROUTES>>();
});
