import { openFsStores } from '@btf-depot/blob-store';
import { writtenRecord } from '@btf-depot/contracts';
import type { BlobStore } from '@btf-depot/depot';
import { createLogger, startHttpService, type HttpService } from '@btf-depot/service-kit';
import { buildIdOf, HOSTILE_NAMES, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch } from './index.ts';
import { TEST_SETTINGS } from './testing/start-fetch.ts';

const bytes = someBytes(100_000, 'artifact');
const sha256 = sha256Of(bytes);
const NAME = 'btf_vmlinux.ko.gz';
const ready = kernelRecord({
  state: 'ready',
  buildId: buildIdOf('ready'),
  core: { sha256, size: bytes.length, types: 1, origin: 'verbatim' },
  artifacts: { [NAME]: { sha256, size: bytes.length, mediaType: 'application/gzip' } },
});
const withdrawn = { ...ready, buildId: buildIdOf('withdrawn'), state: 'withdrawn' as const };
const pending = kernelRecord({ buildId: buildIdOf('pending') });

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** More than are answered one by one. */
const manyRanges = `bytes=${Array.from({ length: 40 }, (_, at) => `${at * 3}-${at * 3}`).join()}`;

const folder = testFolder();
let stores: Awaited<ReturnType<typeof openFsStores>>;
let service: HttpService;
let reads = 0;

function start(blobs: BlobStore, hotBytes: number): Promise<HttpService> {
  const settings = { ...TEST_SETTINGS, BTFDEPOT_HOT_BLOBS: hotBytes };
  const log = createLogger('fetch', 'silent');
  return startHttpService({
    host: '127.0.0.1',
    port: 0,
    log,
    ...createFetch({ blobs, records: stores.records }, settings, log),
  });
}

beforeAll(async () => {
  stores = await openFsStores(folder);
  await stores.blobs.put(sha256, bytes);
  for (const record of [ready, withdrawn, pending]) await stores.records.put(record, undefined);
  const counted = new Proxy(stores.blobs, {
    get(blobs, name: keyof BlobStore) {
      if (name === 'load') reads++;
      const member: unknown = Reflect.get(blobs, name);
      return typeof member === 'function' ? (member as () => unknown).bind(blobs) : member;
    },
  });
  service = await start(counted, 1024 * 1024);
});

afterAll(() => service.close());

const byName = `/v1/kernels/${ready.buildId}/${NAME}`;
const byHash = `/v1/blobs/sha256/${sha256}`;
const section = `/buildid/${ready.buildId}/section/.BTF`;

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return fetch(service.url + path, { headers, method });
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

test('many who ask for a cold blob at once share one read of the store', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(byHash)));
  for (const answer of answers) expect(await bodyOf(answer)).toEqual(bytes);
  expect(reads).toBe(1);
});

// The first answer may come from the store, later ones come from memory: both ways are the same.
describe.each(['first', 'again'])('%s:', () => {
  test('by name: the bytes, an ETag, and to be revalidated', async () => {
    const answer = await get(byName);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe(`"${sha256}"`);
    expect(answer.headers.get('cache-control')).toBe('public, no-cache');
    expect(answer.headers.get('content-type')).toBe('application/gzip');
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(await bodyOf(answer)).toEqual(bytes);
  });

  test('by hash: immutable', async () => {
    const answer = await get(byHash);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await bodyOf(answer)).toEqual(bytes);
  });

  test.each([byName, byHash])('HEAD of %s has the headers and no body', async (path) => {
    const answer = await get(path, {}, 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    expect((await bodyOf(answer)).length).toBe(0);
  });

  test.each([
    ['bytes=0-99', 0, 100],
    ['bytes=99990-', 99990, 100_000],
    ['bytes=-10', 99990, 100_000],
    ['bytes=99990-999999', 99990, 100_000],
    // More last bytes than there are: all of them (RFC 9110, 14.1.2).
    ['bytes=-100001', 0, 100_000],
    ['bytes=-999999', 0, 100_000],
    ['bytes=-0999999', 0, 100_000],
    ['bytes=-99999999999999999999999', 0, 100_000],
    ['bytes=5-9, -999999', 0, 100_000],
  ])('Range: %s', async (range, start, end) => {
    const answer = await get(byName, { range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${bytes.length}`);
    expect(await bodyOf(answer)).toEqual(bytes.slice(start, end));
  });

  test('a range outside is 416 with the size', async () => {
    const answer = await get(byName, { range: 'bytes=100000-' });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
    expect(await answer.json()).toMatchObject({ code: 'range-not-satisfiable' });
  });

  test.each(['lines=1-2', 'bytes=x', manyRanges])(
    'Range: %s is answered with the whole',
    async (range) => {
      const answer = await get(byName, { range });
      expect(answer.status).toBe(200);
      expect((await bodyOf(answer)).length).toBe(bytes.length);
    },
  );

  test('several ranges are parts of one answer, those that touch are one', async () => {
    const answer = await get(byName, { range: 'bytes=0-9, 5-19, -10' });
    expect(answer.status).toBe(206);
    const type = answer.headers.get('content-type') ?? '';
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(type)?.[1] ?? '?';
    const body = Buffer.from(await bodyOf(answer));
    expect(answer.headers.get('content-length')).toBe(String(body.length));
    const parts = body.toString('latin1').split(`\r\n--${boundary}`);
    expect(parts.map((part) => /Content-Range: (.*)\r/.exec(part)?.[1])).toEqual([
      undefined,
      'bytes 0-19/100000',
      'bytes 99990-99999/100000',
      undefined,
    ]);
    expect(parts[2].endsWith(Buffer.from(bytes.slice(-10)).toString('latin1'))).toBe(true);
  });

  test('If-Range of another revision is answered with the whole', async () => {
    const same = await get(byName, { range: 'bytes=0-9', 'if-range': `"${sha256}"` });
    expect(same.status).toBe(206);
    const other = await get(byName, { range: 'bytes=0-9', 'if-range': '"other"' });
    expect(other.status).toBe(200);
  });

  test.each([
    [200, `"${sha256}"`],
    [200, `"x", "${sha256}"`],
    [200, '*'],
    [412, '"x"'],
    [412, `W/"${sha256}"`],
    [412, ''],
  ])('%i for If-Match: %s', async (status, etag) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await get(byName, { 'if-match': etag }, method);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('etag')).toBe(`"${sha256}"`);
    }
    // It goes before all other conditions, and before ranges (RFC 9110, 13.2.2).
    const conditions = { 'if-none-match': `"${sha256}"`, range: 'bytes=-1' };
    const answer = await get(byName, { 'if-match': etag, ...conditions });
    expect(answer.status).toBe(status === 200 ? 304 : 412);
    if (status === 412) expect(await answer.json()).toMatchObject({ code: 'not-matching' });
  });

  test.each([`"${sha256}"`, `W/"${sha256}"`, `"x", "${sha256}"`, '*'])(
    'If-None-Match: %s is 304',
    async (etag) => {
      const answer = await get(byName, { 'if-none-match': etag });
      expect(answer.status).toBe(304);
      expect((await bodyOf(answer)).length).toBe(0);
    },
  );

  test.each([
    [200, byName],
    [200, byHash],
    [200, byName, {}, 'HEAD'],
    [200, section],
    [206, byName, { range: 'bytes=0-9' }],
    [304, byName, { 'if-none-match': '*' }],
    [416, byName, { range: 'bytes=100000-' }],
    [404, `/v1/kernels/${ready.buildId}/passwd`],
  ])('a %i of %s has an id, the one of its request where there is one', async (...asked) => {
    const [status, path, headers = {}, method] = asked;
    const idOf = async (given?: string) => {
      const sent = given === undefined ? headers : { ...headers, 'x-request-id': given };
      const answer = await get(path, sent, method);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      await answer.arrayBuffer();
      return answer.headers.get('x-request-id');
    };
    expect(await idOf('build-17.a')).toBe('build-17.a');
    const ids = [await idOf(), await idOf(), await idOf('{"a":1}')];
    for (const id of ids) expect(id).toMatch(UUID);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('record and status are there', async () => {
  const record = await get(`/v1/kernels/${ready.buildId}`);
  expect(await record.json()).toEqual(writtenRecord(ready));
  const status = await get(`/v1/kernels/${ready.buildId}/status`);
  expect(await status.json()).toMatchObject({ state: 'ready', links: { [NAME]: byName } });
});

test.each([
  [404, 'unknown-build-id', `/v1/kernels/${buildIdOf('nobody')}/${NAME}`],
  [404, 'unknown-artifact', `/v1/kernels/${ready.buildId}/passwd`],
  [404, 'unknown-artifact', `/v1/kernels/${ready.buildId}/__proto__`],
  [404, 'no-vars', `/v1/kernels/${ready.buildId}/vmlinux.vars.btf`],
  [404, 'pending', `/v1/kernels/${pending.buildId}/${NAME}`],
  [410, 'withdrawn', `/v1/kernels/${withdrawn.buildId}/${NAME}`],
  [404, 'unknown-blob', `/v1/blobs/sha256/${'0'.repeat(64)}`],
  [400, 'bad-hash', `/v1/blobs/sha256/${'0'.repeat(63)}`],
  [400, 'bad-hash', `/v1/blobs/sha256/..%2f..%2fetc%2fpasswd`],
  [404, 'not-found', '/v2/kernels'],
  [405, 'method-not-allowed', byName, 'DELETE'],
])('%i %s: %s', async (status, code, path, method?: string) => {
  const answer = await get(path, {}, method);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(await answer.json()).toMatchObject({ code, status });
  expect(answer.headers.get('retry-after')).toBe(code === 'pending' ? '2' : null);
  const brief = status === 404 && code !== 'pending';
  expect(answer.headers.get('cache-control')).toBe(brief ? 'public, max-age=5' : 'no-store');
});

test.each(HOSTILE_NAMES.filter((name) => name !== '' && !/^\.\.?$/.test(name)))(
  'the hostile name %j',
  async (name) => {
    const encoded = encodeURIComponent(name);
    const asBuildId = await get(`/v1/kernels/${encoded}/${NAME}`);
    expect(await asBuildId.json()).toMatchObject({ code: 'bad-build-id' });
    const asArtifact = await get(`/v1/kernels/${ready.buildId}/${encoded}`);
    expect(await asArtifact.json()).toMatchObject({ code: 'unknown-artifact' });
  },
);

test('memory for hot blobs has a limit: blobs beyond it are served all the same', async () => {
  const small = await start(stores.blobs, 10);
  const answer = await fetch(small.url + byHash);
  expect(await bodyOf(answer)).toEqual(bytes);
  await small.close();
});

test('a new revision is served at most a second later', async () => {
  const next = someBytes(500, 'next');
  await stores.blobs.put(sha256Of(next), next);
  const stored = await stores.records.get(ready.buildId);
  const entry = { sha256: sha256Of(next), size: next.length, mediaType: 'application/gzip' };
  await stores.records.put(
    { ...ready, revision: 2, artifacts: { [NAME]: entry } },
    stored?.version,
  );
  await expect
    .poll(async () => (await get(byName)).headers.get('etag'), { timeout: 1500 })
    .toBe(`"${sha256Of(next)}"`);
});
