import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

const kernels = ['a', 'b', 'c', 'd'].map((seed, index) => {
  const release = index < 2 ? '6.12.1-amd64' : `6.1.${index}`;
  const record = kernelRecord({ buildId: buildIdOf(seed), release });
  return index < 3 ? { ...record, distro: 'debian' } : record;
});
const sorted = kernels.map(({ buildId }) => buildId).sort();

let depot: StartedFetch;

beforeAll(async () => {
  depot = await startFetch();
  for (const record of kernels) await depot.records.put(record, undefined);
  // The service read its records when it started.
  await vi.waitFor(async () => {
    expect((await search('')).kernels).toHaveLength(kernels.length);
  }, 60_000);
});

afterAll(() => depot.close());

interface Found {
  kernels: { buildId: string }[];
  next?: string;
}

async function search(query: string): Promise<Found> {
  const answer = await depot.get(`/v1/kernels${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Found;
}

describe('search', () => {
  test('all, by build ID', async () => {
    const { kernels: found, next } = await search('');
    expect(found.map(({ buildId }) => buildId)).toEqual(sorted);
    expect(next).toBeUndefined();
  });

  test('by what is known of a kernel', async () => {
    expect((await search('?distro=debian&release=6.12')).kernels).toHaveLength(2);
    expect((await search(`?buildId=${sorted[0].slice(0, 8)}`)).kernels).toHaveLength(1);
    expect((await search('?arch=aarch64')).kernels).toHaveLength(0);
  });

  test('in pages', async () => {
    const first = await search('?limit=3');
    const second = await search(`?limit=3&page=${first.next ?? ''}`);
    expect([...first.kernels, ...second.kernels].map(({ buildId }) => buildId)).toEqual(sorted);
  });

  test('by release and by date, in pages that follow next', async () => {
    for (const sort of ['release', 'sent']) {
      const seen = new Set<string>();
      let next: string | undefined = '';
      while (next !== undefined) {
        const page: string = next === '' ? '' : `&page=${encodeURIComponent(next)}`;
        const answer = await search(`?sort=${sort}&limit=2${page}`);
        for (const { buildId } of answer.kernels) seen.add(buildId);
        ({ next } = answer);
      }
      expect(seen.size).toBe((await search('')).kernels.length);
    }
  });

  test('a kernel that has just come is found by the search after the next', async () => {
    const record = kernelRecord({ buildId: buildIdOf('new'), distro: 'new' });
    await depot.records.put(record, undefined);
    await expect.poll(async () => (await search('?distro=new')).kernels).toHaveLength(1);
  });

  test.each(['?limit=0', '?limit=x', '?page=..', '?buildId=XYZ', '?distro=', '?colour=red'])(
    '%s is refused',
    async (query) => {
      const answer = await depot.get(`/v1/kernels${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'bad-query' });
    },
  );

  test('other methods are refused, with those that there are', async () => {
    const answer = await depot.get('/v1/kernels', { method: 'DELETE' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});

function lookup(body: unknown) {
  return depot.get('/v1/kernels/lookup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

describe('lookup', () => {
  test('have, missing, ambiguous', async () => {
    const answer = await lookup({
      buildIds: [kernels[2].buildId, buildIdOf('nobody')],
      releases: ['6.12.1-amd64', '6.1.3'],
    });
    expect(await answer.json()).toMatchObject({
      have: [
        { asked: kernels[2].buildId, kernel: { release: '6.1.2' } },
        { asked: '6.1.3', kernel: { buildId: kernels[3].buildId } },
      ],
      missing: [buildIdOf('nobody')],
      ambiguous: [{ asked: '6.12.1-amd64' }],
    });
  });

  test('a kernel that has just come is not missing', async () => {
    await depot.records.put(kernelRecord({ buildId: buildIdOf('newer') }), undefined);
    const answer = await lookup({ buildIds: [buildIdOf('newer')] });
    expect(await answer.json()).toMatchObject({ missing: [], have: [{}] });
  });

  test.each([{ buildIds: ['x'] }, { releases: [''] }, [], { buildIds: {} }])(
    '%j is refused',
    async (body) => {
      expect((await lookup(body)).status).toBe(400);
    },
  );
});
