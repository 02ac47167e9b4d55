import { bytesSource } from '@btf-depot/bytes';
import { splitKernel } from '@btf-depot/depot';
import { buildIdOf, inlinedKernel } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

const buildId = buildIdOf('inlined');
const bare = buildIdOf('bare');
const sites = `/v1/kernels/${buildId}/inlines`;

let depot: StartedFetch;

beforeAll(async () => {
  depot = await startFetch();
  const kernel = bytesSource(inlinedKernel(buildId).vmlinux);
  const { core, inlines } = splitKernel({ kernel }, { extras: ['inlines'] });
  if (!inlines) throw new Error('no inlined calls');
  const { bytes, sha256, types, sites: count, map } = inlines;
  for (const part of [inlines, map]) await depot.blobs.put(part.sha256, part.bytes);
  await depot.store(
    { core: core.bytes },
    {
      buildId,
      parts: {
        inlines: {
          sha256,
          size: bytes.length,
          types,
          sites: count,
          origin: 'dwarf',
          baseSha256: core.sha256,
          map: { sha256: map.sha256, size: map.bytes.length },
        },
      },
    },
  );
  await depot.store({ core: core.bytes }, { buildId: bare });
});

afterAll(() => depot.close());

// The first answer is computed, the second comes from memory.
describe.each(['first', 'again'])('%s:', () => {
  test('the sites of a function', async () => {
    const answer = await depot.get(`${sites}?function=twice`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({
      buildId,
      sites: [
        { function: 'twice', probe: 'caller+0x4', parameters: [{ where: 'rdi' }, { name: 'm' }] },
        { offset: 8 },
        { offset: 8 },
      ],
    });
    const etag = answer.headers.get('etag') ?? '';
    const known = await depot.get(`${sites}?function=twice`, {
      headers: { 'if-none-match': etag },
    });
    expect(known.status).toBe(304);
  });

  test('what begins at an address', async () => {
    const answer = await depot.get(`${sites}?address=ffffffff81000008`);
    expect(await answer.json()).toMatchObject({ sites: [{ offset: 8 }, { offset: 8 }] });
    const none = await depot.get(`${sites}?address=0x10`);
    expect(await none.json()).toEqual({ buildId, sites: [] });
  });
});

test('pages: following next gives each once', async () => {
  const first = (await (await depot.get(`${sites}?function=twice&limit=2`)).json()) as {
    sites: unknown[];
    next: string;
  };
  expect(first.sites).toHaveLength(2);
  const rest = await depot.get(`${sites}?function=twice&limit=2&page=${first.next}`);
  expect(await rest.json()).toMatchObject({ sites: [{ offset: 8 }] });
});

test('the functions, and those whose names fit', async () => {
  const list = async (query: string) => (await depot.get(`${sites}/functions${query}`)).json();
  const all = { buildId, functions: [{ name: 'twice', sites: 3 }] };
  for (const query of ['', '?match=*ice', '?prefix=tw&limit=1']) {
    expect(await list(query)).toEqual(all);
  }
  for (const query of ['?match=x*', '?prefix=x', '?page=1']) {
    expect(await list(query)).toEqual({ buildId, functions: [] });
  }
});

test.each([
  [`${sites}/functions?match=%5Ea`, 400, 'bad-query'],
  [`/v1/kernels/${bare}/inlines/functions`, 404, 'no-inlines'],
  [sites, 400, 'bad-query'],
  [`${sites}?function=a&address=1`, 400, 'bad-query'],
  [`${sites}?address=zz`, 400, 'bad-query'],
  [`${sites}?function=a%20b`, 400, 'bad-query'],
  [`${sites}?function=twise`, 404, 'unknown-function'],
  [`/v1/kernels/${bare}/inlines?function=twice`, 404, 'no-inlines'],
  [`/v1/kernels/${buildIdOf('none')}/inlines?function=twice`, 404, 'unknown-build-id'],
])('%s is %i %s', async (path, status, code) => {
  const answer = await depot.get(path);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code });
});

test('as a section, under both names', async () => {
  const [inlines, inline] = await Promise.all(
    ['.BTF.inlines', '.BTF.inline'].map(async (name) => {
      const answer = await depot.get(`/buildid/${buildId}/section/${name}`);
      return Buffer.from(await answer.arrayBuffer());
    }),
  );
  expect(inlines.length).toBeGreaterThan(100);
  expect(inlines.equals(inline)).toBe(true);
  expect((await depot.get(`/buildid/${bare}/section/.BTF.inlines`)).status).toBe(404);
});
