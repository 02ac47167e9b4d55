import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { loadStream, verifiedBlobs, type Allocate } from '@btf-depot/depot';
import { createLogger, startHttpService, type HttpService } from '@btf-depot/service-kit';
import {
  buildIdOf,
  kernelRecord,
  memoryStores,
  sha256Of,
  someBytes,
  type MemoryStores,
} from '@btf-depot/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFetch } from '../index.ts';
import { TEST_SETTINGS } from '../testing/start-fetch.ts';

const SIZE = 300_000;
const NAME = 'btf_vmlinux.ko.gz';
const buildId = buildIdOf('kernel');
const bytes = someBytes(SIZE, 'cold');
const sha256 = sha256Of(bytes);
const byHash = `/v1/blobs/sha256/${sha256}`;
const byName = `/v1/kernels/${buildId}/${NAME}`;

let stores: MemoryStores;
let service: HttpService;
/** Every stream that the store was asked for. */
let streams: Readable[];
/** How the store answers; by default with all at once. */
let answer: (from: Uint8Array) => Readable;
let isAway: boolean;

const ready = (artifact: Uint8Array, id = buildId) =>
  kernelRecord({
    buildId: id,
    state: 'ready',
    artifacts: {
      [NAME]: { sha256: sha256Of(artifact), size: artifact.length, mediaType: 'application/gzip' },
    },
  });

async function start(hotBytes: number): Promise<void> {
  const gone = Object.assign(new Error('away'), { code: 'store-unavailable' });
  const away = () => Promise.reject(gone);
  const { blobs, records } = stores;
  const settings = {
    ...TEST_SETTINGS,
    BTFDEPOT_HOT_BLOBS: hotBytes,
    BTFDEPOT_RECORD_AGE: 10,
    BTFDEPOT_LIST_AGE: 100,
  };
  const log = createLogger('fetch', 'silent');
  const stream = (hash: string, range = { start: 0, end: Infinity }) => {
    if (isAway) return away();
    const from = stores.kept.get(hash)?.bytes;
    if (!from) return Promise.resolve(undefined);
    const stream = answer(from.subarray(range.start, range.end));
    streams.push(stream);
    return Promise.resolve({ size: from.length, bytes: stream });
  };
  const deps = {
    blobs: verifiedBlobs({
      ...blobs,
      has: (hash: string) => (isAway ? away() : blobs.has(hash)),
      stream,
      load: (hash: string, allocate: Allocate) =>
        stream(hash).then((found) => found && loadStream(found, allocate)),
    }),
    records: {
      ...records,
      get: (id: string) => (isAway ? away() : records.get(id)),
      list: () => {
        if (isAway) throw gone;
        return records.list();
      },
    },
  };
  service = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log,
    graceMs: 100,
    ...createFetch(deps, settings, log),
  });
}

beforeEach(async () => {
  stores = memoryStores();
  await stores.blobs.put(sha256, bytes);
  await stores.records.put(ready(bytes), undefined);
  streams = [];
  answer = (from) => Readable.from([from]);
  isAway = false;
});

afterEach(() => service.close());

const get = (path: string, init?: RequestInit) => fetch(service.url + path, init);

/** Too long to be verified before the head is sent. */
const long = someBytes(9_000_000, 'long');
const longByHash = `/v1/blobs/sha256/${sha256Of(long)}`;
const longByName = `/v1/kernels/${buildIdOf('long')}/${NAME}`;

describe('a cold blob', () => {
  beforeEach(async () => {
    await stores.blobs.put(sha256Of(long), long);
    await stores.records.put(ready(long, buildIdOf('long')), undefined);
    await start(20_000_000);
  });

  test('that is long is handed on as it comes, to all who ask, at one read of the store', async () => {
    const source = new PassThrough();
    answer = () => source;
    source.write(long.subarray(0, 1000));
    const [first, second] = await Promise.all([get(longByHash), get(longByName)]);
    const readers = [first, second].map((one) => one.body?.getReader());
    for (const reader of readers) {
      const part = await reader?.read();
      expect(part?.value).toEqual(long.subarray(0, 1000));
    }
    const third = get(longByHash, { headers: { range: 'bytes=500-1499' } });
    source.end(long.subarray(1000));
    expect(new Uint8Array(await (await third).arrayBuffer())).toEqual(long.subarray(500, 1500));
    for (const reader of readers) {
      let size = 1000;
      for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
        size += (part.value as Uint8Array).length;
      }
      expect(size).toBe(long.length);
    }
    expect(streams).toHaveLength(1);
    await (await get(longByHash)).arrayBuffer();
    expect(streams).toHaveLength(1);
  });

  test('that breaks off ends the connection early if it is long, and is read anew', async () => {
    const source = new PassThrough();
    answer = () => source;
    source.write(long.subarray(0, 1000));
    const cut = await get(longByHash);
    source.destroy(new Error('the store died'));
    await expect(cut.arrayBuffer()).rejects.toThrow();
    answer = (from) => Readable.from([from]);
    expect(sha256Of(await (await get(longByHash)).bytes())).toBe(sha256Of(long));
  });

  test('that breaks off before anything was sent is 503, and is read anew', async () => {
    const source = new PassThrough();
    answer = () => source;
    source.write(bytes.subarray(0, 1000));
    const refused = get(byHash);
    await expect.poll(() => streams.length).toBe(1);
    answer = () => new PassThrough().destroy(new Error('the store is dead'));
    source.destroy(new Error('the store died'));
    expect((await refused).status).toBe(503);
    answer = (from) => Readable.from([from]);
    expect(new Uint8Array(await (await get(byHash)).arrayBuffer())).toEqual(bytes);
  });

  test.each([0, 1000, SIZE, SIZE + 1])('with %i wrong bytes is 503', async (size) => {
    answer = () => Readable.from([someBytes(size, 'wrong')]);
    for (const init of [{}, { method: 'HEAD' }, { headers: { range: 'bytes=0-9' } }]) {
      expect((await get(byHash, init)).status).toBe(503);
    }
    answer = (from) => Readable.from([from]);
    expect(new Uint8Array(await (await get(byHash)).arrayBuffer())).toEqual(bytes);
  });

  test('without any reader left is not read further', async () => {
    for (const [path, start] of [
      [byHash, bytes],
      [longByHash, long],
    ] as const) {
      const source = new PassThrough();
      answer = () => source;
      source.write(start.subarray(0, 1000));
      const controller = new AbortController();
      const count = streams.length;
      const dropped = get(path, { signal: controller.signal }).then((one) => one.bytes());
      await expect.poll(() => streams.length).toBe(count + 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.abort();
      await expect(dropped).rejects.toThrow();
      await expect.poll(() => streams[count].destroyed).toBe(true);
    }
  });

  test('is not read for a client that has it', async () => {
    answer = () => new PassThrough();
    const headers = { 'if-none-match': `"${sha256}"` };
    expect((await get(byHash, { headers })).status).toBe(304);
    await expect.poll(() => streams[0].destroyed).toBe(true);
  });

  test('is measured only when it is known to be sound', async () => {
    for (const init of [{ method: 'HEAD' }, { headers: { range: `bytes=${SIZE}-` } }]) {
      const source = new PassThrough();
      answer = () => source;
      const asked = get(byHash, init);
      await expect.poll(() => streams.length).toBe(1);
      source.end(bytes);
      expect((await asked).status).toBe('method' in init ? 200 : 416);
    }
  });

  test('in several ranges', async () => {
    const text = await (await get(byHash, { headers: { range: 'bytes=0-0, 100-109' } })).bytes();
    expect(Buffer.from(text).includes(Buffer.from(bytes.subarray(100, 110)))).toBe(true);
  });
});

test('slow readers hold no more than they may, and the store waits for them', async () => {
  await start(SIZE);
  // More than the buffers between us and a reader that reads nothing.
  const huge = someBytes(16 * 1024 * 1024, 'huge');
  await stores.blobs.put(sha256Of(huge), huge);
  await stores.records.put(ready(huge, buildIdOf('huge')), undefined);
  const pulled: number[] = [];
  answer = (from) => {
    const number = pulled.push(0) - 1;
    return new Readable({
      read() {
        const at = pulled[number];
        pulled[number] = Math.min(at + 65_536, from.length);
        this.push(at < from.length ? from.subarray(at, pulled[number]) : null);
      },
    });
  };
  const sockets: Socket[] = [];
  for (let reader = 0; reader < 10; reader++) {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write(`GET /v1/blobs/sha256/${sha256Of(huge)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    sockets.push(socket);
  }
  await expect.poll(() => streams.length).toBeGreaterThanOrEqual(10);
  const settled = async () => {
    const before = pulled.join();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return before === pulled.join();
  };
  await expect.poll(settled).toBe(true);
  expect(Math.max(...pulled)).toBeLessThan(huge.length);
  // And others are served.
  expect(new Uint8Array(await (await get(byHash)).arrayBuffer())).toEqual(bytes);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => streams.every(({ destroyed }) => destroyed)).toBe(true);
});

describe('while the store is away', () => {
  beforeEach(() => start(1_000_000));

  test('hot blobs are served, by name and by hash, and others are 503', async () => {
    const cold = someBytes(500, 'other');
    await stores.blobs.put(sha256Of(cold), cold);
    await stores.records.put(ready(cold, buildIdOf('other')), undefined);
    await (await get(byName)).arrayBuffer();
    isAway = true;
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const path of [byName, byHash]) {
      expect(new Uint8Array(await (await get(path)).arrayBuffer())).toEqual(bytes);
    }
    expect((await get(`/v1/kernels/${buildId}`)).status).toBe(200);
    for (const path of [
      `/v1/kernels/${buildIdOf('other')}/${NAME}`,
      `/v1/kernels/${buildIdOf('other')}`,
    ]) {
      expect((await get(path)).status).toBe(503);
    }
    isAway = false;
    expect((await get(`/v1/kernels/${buildIdOf('other')}/${NAME}`)).status).toBe(200);
  });
});

describe('a withdrawn kernel', () => {
  beforeEach(() => start(1_000_000));

  test('is no longer served, by name or by hash, although memory and store have it', async () => {
    for (const path of [byName, byHash]) expect((await get(path)).status).toBe(200);
    const stored = await stores.records.get(buildId);
    const withdrawn = { ...ready(bytes), state: 'withdrawn' as const, artifacts: {} };
    await stores.records.put(withdrawn, stored?.version);
    await expect.poll(async () => (await get(byName)).status).toBe(410);
    await expect.poll(async () => (await get(byHash)).status).toBe(404);
  });

  test('takes nothing from another kernel that has the same bytes', async () => {
    const stored = await stores.records.get(buildId);
    await stores.records.put(ready(bytes, buildIdOf('twin')), undefined);
    const withdrawn = { ...ready(bytes), state: 'withdrawn' as const, artifacts: {} };
    await stores.records.put(withdrawn, stored?.version);
    await expect.poll(async () => (await get(byName)).status).toBe(410);
    expect((await get(byHash)).status).toBe(200);
  });
});

test('a blob that no record names is not served', async () => {
  await start(1_000_000);
  const orphan = someBytes(10, 'orphan');
  await stores.blobs.put(sha256Of(orphan), orphan);
  expect((await get(`/v1/blobs/sha256/${sha256Of(orphan)}`)).status).toBe(404);
  await stores.records.put(ready(orphan, buildIdOf('its kernel')), undefined);
  expect((await get(`/v1/blobs/sha256/${sha256Of(orphan)}`)).status).toBe(200);
});
