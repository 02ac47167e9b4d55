import { UnreadableRecord, type RecordStore } from '@btf-depot/depot';
import { createLogger, startHttpService, type HttpService } from '@btf-depot/service-kit';
import { buildIdOf, kernelRecord, memoryStores, sha256Of } from '@btf-depot/testing';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createFetch } from '../index.ts';
import { TEST_SETTINGS } from '../testing/start-fetch.ts';

/** Milliseconds, on a machine that may be busy. */
const LONG = 60_000;
vi.setConfig({ testTimeout: 4 * LONG });

const COUNT = 40;
const blob = new TextEncoder().encode('named by the last');
const sha256 = sha256Of(blob);
const buildIds = Array.from({ length: COUNT }, (_, at) => buildIdOf(`listed ${at}`)).sort();
const last = buildIds.at(-1) ?? '';

/**
 * What the record store does: as it should, fail once so many were read, not answer, or give the
 * first record with malformed bytes.
 */
type Mood = 'well' | 'away' | 'dies' | 'hangs' | 'malformed';

const stores = memoryStores();
let mood: Mood;
let reads: number;
let service: HttpService;

beforeAll(async () => {
  await stores.blobs.put(sha256, blob);
  const core = { sha256, size: blob.length, types: 1, origin: 'verbatim' as const };
  for (const buildId of buildIds) {
    const record = kernelRecord({ buildId, state: 'ready', parts: {} });
    await stores.records.put(buildId === last ? { ...record, core } : record, undefined);
  }
});

const AWAY = () => Promise.reject(new StoreAway('the store does not answer'));

/** As an adapter says it. */
class StoreAway extends Error {
  readonly code = 'store-unavailable';
}

const records: RecordStore = {
  put: (record, expected) => stores.records.put(record, expected),
  get(buildId) {
    reads++;
    if (mood === 'away' || (mood === 'dies' && reads > 20)) return AWAY();
    if (mood === 'malformed' && buildId === buildIds[0]) {
      const bytes = { why: 'no JSON', isNewer: false };
      return Promise.reject(new UnreadableRecord(buildId, '1', bytes));
    }
    return stores.records.get(buildId);
  },
  async *list() {
    if (mood === 'away') await AWAY();
    if (mood === 'hangs') await new Promise(() => undefined);
    yield* stores.records.list();
  },
  aside: stores.records.aside,
};

beforeEach(() => {
  mood = 'well';
  reads = 0;
});

afterEach(() => service.close());

async function start(at: Mood): Promise<void> {
  mood = at;
  const log = createLogger('fetch', 'silent');
  const fetch = createFetch({ blobs: stores.blobs, records }, TEST_SETTINGS, log);
  service = await startHttpService({ host: '127.0.0.1', port: 0, log, ...fetch, graceMs: 0 });
}

async function ask(path: string, init?: RequestInit) {
  const answer = await fetch(service.url + path, init);
  const text = await answer.text();
  const body = (text.startsWith('{') ? JSON.parse(text) : {}) as {
    code?: string;
    kernels?: unknown[];
    have?: unknown[];
    missing?: unknown[];
    incomplete?: string;
    unreadable?: number;
    failing?: object;
    degraded?: object;
  };
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body };
}

const lookUp = (ids: string[]) =>
  ask('/v1/kernels/lookup', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ buildIds: ids }),
  });

const isWhole = () =>
  expect
    .poll(async () => (await ask('/v1/kernels?limit=1000')).body.kernels?.length, { timeout: LONG })
    .toBe(COUNT);

test.each(['away', 'dies'] as const)(
  'a store that is %s while fetch starts: no list is shown, no known blob is unknown',
  async (at) => {
    await start(at);
    const search = await ask('/v1/kernels');
    expect(search.status).toBe(503);
    expect(['store-unavailable', 'still-reading']).toContain(search.body.code);
    expect(search.retryAfter).toBe('2');
    expect((await ask(`/v1/blobs/sha256/${sha256}`)).status).toBe(503);
    // What 20 records serve is served; where there is none, a balancer asks elsewhere.
    const ready = await ask('/readyz');
    expect(ready.status).toBe(at === 'away' ? 503 : 200);
    expect(Object.keys({ ...ready.body.failing, ...ready.body.degraded })).toContain('list');
    mood = 'well';
    await isWhole();
    expect(await ask('/v1/kernels')).not.toHaveProperty('body.incomplete');
    expect((await ask(`/v1/blobs/sha256/${sha256}`)).status).toBe(200);
    await expect
      .poll(async () => (await ask('/readyz')).body, { timeout: LONG })
      .toMatchObject({ status: 'ready', degraded: {} });
  },
);

test('a store that becomes unreachable later: the list stays, with its time', async () => {
  await start('well');
  await isWhole();
  mood = 'away';
  await expect
    .poll(async () => (await ask('/v1/kernels?limit=1000')).body.incomplete, { timeout: LONG })
    .toMatch(/^it was last read at \d{4}-.*: the store does not answer$/);
  expect((await ask('/v1/kernels?limit=1000')).body.kernels).toHaveLength(COUNT);
  const ready = await ask('/readyz');
  expect(ready.status).toBe(200);
  mood = 'well';
  await expect
    .poll(async () => (await ask('/v1/kernels')).body.incomplete, { timeout: LONG })
    .toBeUndefined();
});

test('a store that falls silent later: the list says so while it is asked', async () => {
  await start('well');
  await isWhole();
  mood = 'hangs';
  await expect
    .poll(async () => (await ask('/v1/kernels?limit=1000')).body.incomplete, { timeout: LONG })
    .toMatch(/^it was last read at 2\d{3}-.*: the store has not answered since$/);
  expect((await ask('/v1/kernels?limit=1000')).body.kernels).toHaveLength(COUNT);
});

test('kernels with a malformed record are counted where the list lacks them', async () => {
  await start('well');
  await isWhole();
  mood = 'malformed';
  const [buildId = ''] = buildIds;
  await stores.records.put(
    kernelRecord({ buildId, state: 'ready', parts: {}, revision: 2 }),
    (await stores.records.get(buildId))?.version,
  );
  await expect
    .poll(async () => (await ask('/v1/kernels?limit=1000')).body, { timeout: LONG })
    .toMatchObject({ unreadable: 1 });
  const { body } = await ask('/v1/kernels?limit=1000');
  expect(body.kernels).toHaveLength(COUNT - 1);
  expect(body).not.toHaveProperty('incomplete');
});

test('build IDs do not wait for a slow list; searches must retry later', async () => {
  await start('hangs');
  expect((await ask(`/v1/kernels/${last}`)).status).toBe(200);
  const unknown = buildIdOf('not listed');
  const found = await lookUp([last, unknown]);
  expect(found.body.have).toHaveLength(1);
  expect(found.body.missing).toEqual([unknown]);
  // Its record was read, and names it.
  expect((await ask(`/v1/blobs/sha256/${sha256}`)).status).toBe(200);
  expect(await ask('/v1/kernels')).toMatchObject({ status: 503, body: { code: 'still-reading' } });
});

test('a blob is served no more once its record is withdrawn', async () => {
  await start('well');
  await isWhole();
  const stored = await stores.records.get(last);
  if (!stored) throw new Error('no record');
  const gone = { ...stored.record, state: 'withdrawn' as const };
  const version = await stores.records.put(gone, stored.version);
  await expect
    .poll(async () => (await ask(`/v1/blobs/sha256/${sha256}`)).status, { timeout: LONG })
    .toBe(404);
  await stores.records.put(stored.record, version);
});
