import { FETCH_ROUTES } from '@btf-depot/contracts';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from './testing/start-fetch.ts';

let depot: StartedFetch;

beforeAll(async () => {
  depot = await startFetch();
  await depot.store({ core: kernelBtf() }, { buildId: buildIdOf('kernel') });
});

afterAll(() => depot.close());

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
}

test('the document has every route, and every route of it is there', async () => {
  const answer = await depot.get('/openapi.json');
  const { paths } = (await answer.json()) as OpenApi;
  for (const { method, path } of FETCH_ROUTES) {
    expect(Object.keys(paths[path] ?? {})).toContain(method);
    const filled = path.replace('{buildId}', buildIdOf('nobody')).replace(/\{\w+\}/g, 'x');
    const asked = await depot.get(filled, { method });
    const body = (await asked.json()) as { code?: string };
    expect(body.code).not.toBe('not-found');
    const documented = Object.keys(paths[path]?.[method]?.responses ?? {});
    expect(documented).toContain(String(asked.status));
  }
});

test('the page stands by itself', async () => {
  const answer = await depot.get('/docs');
  const html = await answer.text();
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  expect(html).toContain('/vars/{name}');
  expect(html).not.toMatch(/src=|https?:/);
});
