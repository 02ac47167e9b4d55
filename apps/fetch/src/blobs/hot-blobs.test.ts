import type { BlobLoad, BlobStore } from '@btf-depot/depot';
import { expect, test } from 'vitest';
import { HeldMemory } from './held-memory.ts';
import { HotBlobs } from './hot-blobs.ts';

const SHA256 = 'ab'.repeat(32);

test('a blob whose last reader left is read anew before the store says that it stopped', async () => {
  const stopped: PromiseWithResolvers<undefined>[] = [];
  const store: Pick<BlobStore, 'load'> = {
    load: (_sha256, allocate) => {
      const whole = Promise.withResolvers<undefined>();
      stopped.push(whole);
      const load: BlobLoad = {
        bytes: allocate(10),
        filled: 0,
        onMore: () => undefined,
        whole: whole.promise,
        stop: () => undefined,
      };
      return Promise.resolve(load);
    },
  };
  const hot = new HotBlobs(store as BlobStore, 1e6, new HeldMemory(1e6));
  const first = await hot.open(SHA256);
  if ('close' in first) first.close();
  const second = await hot.open(SHA256);
  expect(stopped).toHaveLength(2);
  stopped[0]?.reject(new Error('stopped'));
  await new Promise(setImmediate);
  // The end of the first is not taken for that of the second, which others still follow.
  const third = await hot.open(SHA256);
  expect(stopped).toHaveLength(2);
  for (const blob of [second, third]) expect(blob.length).toBe(10);
});
