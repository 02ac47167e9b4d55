import { isMiss, type OfferedCopy, type Upstream } from '@btf-depot/depot';
import { describeUpstream, kernelRecord, sha256Of } from '@btf-depot/testing';
import { afterEach, expect, test } from 'vitest';
import { viaHeader } from '../../http/via.ts';
import { scriptedServer } from '../../testing/scripted-server.ts';
import { TEST_OPTIONS } from '../../testing/source-options.ts';
import { depot } from './index.ts';

const bytes = Buffer.alloc(5000, 1);
const sha256 = sha256Of(bytes);
const core = { sha256, size: bytes.length, types: 1, origin: 'verbatim' } as const;
const record = kernelRecord({ state: 'ready', core, parts: {} });
const { signal } = new AbortController();
const servers: { dispose: () => Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

/** Answers like a depot with one kernel, after that many `pending`. */
async function open({
  pending = 0,
  sends = record,
  blob = bytes,
  waits = [] as string[],
  cuts = [] as number[],
} = {}) {
  const asked: (string | undefined)[] = [];
  const ranges: (string | undefined)[] = [];
  let left = pending;
  const server = await scriptedServer((request, response) => {
    const path = request.url?.replace(/\?.*/, '');
    asked.push(request.headers.via);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (path === `/v1/kernels/${record.buildId}`) {
      if (left-- > 0) response.writeHead(404, { 'Retry-After': '0', ...viaHeader(waits) }).end();
      else response.end(JSON.stringify(sends));
    } else if (path === `/v1/blobs/sha256/${sha256}`) {
      ranges.push(request.headers.range);
      const range = `bytes ${from}-${blob.length - 1}/${blob.length}`;
      const headers = { 'Content-Length': blob.length - from };
      response.writeHead(
        from > 0 ? 206 : 200,
        from > 0 ? { ...headers, 'Content-Range': range } : headers,
      );
      const until = cuts.shift();
      if (until === undefined) response.end(blob.subarray(from));
      // Delayed: a reset discards what the client has not read yet.
      else
        response.write(blob.subarray(from, until), () => setTimeout(() => response.destroy(), 200));
    } else response.writeHead(404).end();
  });
  servers.push(server);
  const upstream = depot.open(server.url.href, server.url.host, TEST_OPTIONS);
  return { upstream, asked, ranges };
}

describeUpstream('another depot', async () => {
  const { upstream } = await open();
  return { upstream, known: record.buildId, dispose: () => Promise.resolve() };
});

test('one that is fetching the kernel itself is asked until it has it', async () => {
  const { upstream, asked } = await open({ pending: 3 });
  const found = await upstream.find(record.buildId, { signal, via: ['0123456789abcdef'] });
  expect(found).toMatchObject({ copy: { record: { buildId: record.buildId } } });
  expect(asked).toEqual(Array.from({ length: 4 }, () => '1.1 btf-depot-0123456789abcdef'));
});

test.each([
  ['f'.repeat(16), '2'.repeat(16), 'leaves it'],
  ['2'.repeat(16), 'f'.repeat(16), 'waits for the other'],
])('of two that wait for each other, %s that asks %s %s', async (self, other, does) => {
  const { upstream, asked } = await open({ pending: 2, waits: [other, self] });
  const waited: string[][] = [];
  const onWait = (depots: readonly string[]) => waited.push([...depots]);
  const found = await upstream.find(record.buildId, { signal, via: [self], onWait });
  if (does === 'leaves it') expect(found).toMatchObject({ reason: 'pending' });
  else expect(found).toHaveProperty('copy');
  expect(asked).toHaveLength(does === 'leaves it' ? 1 : 3);
  expect(waited[0]).toEqual([other, self]);
});

async function copyOf(upstream: Upstream): Promise<OfferedCopy> {
  const found = await upstream.find(record.buildId, { signal, via: [] });
  if (isMiss(found) || !found.copy) throw new Error('no copy');
  return found.copy;
}

test('a record of another kernel is a miss', async () => {
  const { upstream } = await open({ sends: { ...record, buildId: 'ee'.repeat(20) } });
  expect(await upstream.find(record.buildId, { signal, via: [] })).toMatchObject({
    reason: 'wrong-build-id',
  });
});

test('a blob that is cut is continued where it was cut', async () => {
  const { upstream, ranges } = await open({ cuts: [1000, 3000] });
  const { blob } = await copyOf(upstream);
  expect(bytes.equals(await blob(core))).toBe(true);
  expect(ranges).toEqual([undefined, 'bytes=1000-', 'bytes=3000-']);
});

test.each([
  ['another hash', { blob: Buffer.alloc(bytes.length, 2) }, core, 'malformed'],
  ['more bytes than its record says', { blob: Buffer.alloc(6000, 1) }, core, 'too-large'],
  ['a size above the limit', {}, { ...core, size: 2 ** 40 }, 'too-large'],
  ['no bytes', {}, { ...core, sha256: 'ab'.repeat(32) }, 'missing'],
])('a blob with %s is a miss', async (_, script, wanted, reason) => {
  const { upstream } = await open(script);
  const { blob } = await copyOf(upstream);
  await expect(blob(wanted)).rejects.toMatchObject({ miss: { reason } });
});
