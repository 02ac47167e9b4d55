import { PROBLEMS } from '@btf-depot/contracts';
import { pathOfAny, type Route, ROUTES } from '@btf-depot/contracts/routes';
import { createLogger, readSettings } from '@btf-depot/service-kit';
import { buildIdOf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { Router, type IRoute } from 'express';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { embeddedSettings, startEmbedded, type EmbeddedDepot } from './embedded.ts';

/** On the operators' port, which is not documented for clients. */
const OF_OPERATORS = ['get /v1/wanted'];

const PARAMETERS: Record<string, string> = { buildId: buildIdOf('nobody sent it') };

const folder = testFolder();
let depot: EmbeddedDepot;
/** All services in one process: answers of any of their routers. */
const served: string[] = [];
let paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;

beforeAll(async () => {
  const router = Router as unknown as { prototype: Router };
  const routed = vi.spyOn(router.prototype, 'route');
  const settings = { BTFDEPOT_DATA: folder, BTFDEPOT_PORT: '0', BTFDEPOT_HOST: '127.0.0.1' };
  depot = await startEmbedded(
    readSettings(embeddedSettings, settings),
    createLogger('test', 'silent'),
  );
  for (const { value } of routed.mock.results) {
    const { path, stack } = value as IRoute;
    const methods = new Set(stack.flatMap(({ method }) => method ?? []));
    for (const method of methods) served.push(`${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  }
  routed.mockRestore();
  const document = await fetch(`${depot.url}/openapi.json`);
  ({ paths } = (await document.json()) as { paths: typeof paths });
});

afterAll(() => depot.close());

const filled = (path: string) =>
  path.replace(/\{(\w+)\}/g, (_braces, name: string) => PARAMETERS[name] ?? 'x');

async function ask(method: string, path: string) {
  const answer = await fetch(depot.url + path, { method: method.toUpperCase() });
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json');
  const { code } = isProblem ? ((await answer.json()) as { code?: string }) : {};
  await answer.body?.cancel().catch(() => undefined);
  return { status: answer.status, code, allow: answer.headers.get('allow') };
}

test('what the routers of the services answer is in /openapi.json, and nothing else', () => {
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const ofClients = served.filter((route) => !OF_OPERATORS.includes(route));
  expect([...new Set(ofClients)].sort()).toEqual(documented.sort());
  expect(served).toEqual(expect.arrayContaining(OF_OPERATORS));
});

test.each(ROUTES)('$method $path is answered as it is documented', async (route) => {
  const { method, path } = route;
  const { status, code } = await ask(method, filled(path));
  expect(Object.keys(paths[path]?.[method]?.responses ?? {})).toContain(String(status));
  // The page's own handler reports a page that is not built.
  const known: readonly (string | undefined)[] = [undefined, ...route.problems];
  expect(known).toContain(code);
});

test.each([...new Set(ROUTES.map(({ path }) => path))])(
  'other methods of %s are told those of the document',
  async (path) => {
    const asked = filled(path);
    const fitting = ROUTES.filter((route) => pathOfAny([route])(asked));
    const methods = fitting.flatMap(({ method }) => (method === 'get' ? ['get', 'head'] : method));
    const { status, allow } = await ask('PATCH', asked);
    expect(status).toBe(PROBLEMS['method-not-allowed'].status);
    const allowed = allow?.toLowerCase().split(', ') ?? [];
    expect(allowed.sort()).toEqual([...new Set(methods)].sort());
  },
);

test.each(ROUTES.filter(({ query }: Route) => query))(
  '$method $path refuses a parameter that is not in the document',
  async ({ method, path }) => {
    expect(await ask(method, `${filled(path)}?colour=red`)).toMatchObject({ code: 'bad-query' });
  },
);
