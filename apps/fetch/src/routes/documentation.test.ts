import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

let depot: StartedFetch;

beforeAll(async () => {
  depot = await startFetch();
  await depot.store({ core: kernelBtf() }, { buildId: buildIdOf('kernel') });
});

afterAll(() => depot.close());

test('the page stands by itself', async () => {
  const answer = await depot.get('/docs');
  const html = await answer.text();
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  expect(html).toContain('/vars/{name}');
  expect(html).not.toMatch(/src=|https?:/);
});
