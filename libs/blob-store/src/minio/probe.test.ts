import { afterEach, expect, test } from 'vitest';
import { StoreFull } from '../errors.ts';
import { startFakeS3, type Broken } from '../testing/fake-s3.ts';
import { openMinioStores } from './open.ts';

let server: Awaited<ReturnType<typeof startFakeS3>> | undefined;

afterEach(() => server?.stop());

async function open(broken: Broken, probe = true) {
  server = await startFakeS3(broken);
  const { endpoint } = server;
  const keys = { accessKey: 'key', secretKey: 'secret' };
  return openMinioStores({ endpoint, bucket: 'bucket', ...keys, timeoutMs: 20_000 }, { probe });
}

test('a store that keeps its word is opened, and nothing of the probe is left in it', async () => {
  await open('nothing');
  expect([...(server?.objects.keys() ?? [])]).toEqual([]);
});

test.for<[Broken, RegExp]>([
  ['create-only', /creates an object that exists already/],
  ['if-match', /replaces an object with another ETag/],
  ['no conditions', /creates an object that exists already/],
  ['races', /[2-8] of 8 writers that created one object were told that they succeeded/],
  ['some races', /2 of 2 writers that created one object were told that they succeeded/],
  ['stale reads', /does not read an object that was just written/],
  ['listings', /does not list an object that was just written/],
])(
  'a store that breaks %s is refused, with the promise that does not hold',
  async ([broken, why]) => {
    const opened = open(broken);
    await expect(opened).rejects.toMatchObject({ name: 'UnfitStore' });
    await expect(opened).rejects.toThrow(why);
  },
);

test('a full store is opened, and refuses what is written as long as it is full', async () => {
  const stores = await open('full');
  await expect(stores.checkWrites()).rejects.toBeInstanceOf(StoreFull);
});

test('what only reads opens any store', async () => {
  await open('no conditions', false);
});
