import { buildIdOf, kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { StorageShare } from './storage-share.ts';
import type { TokenHolder } from './token-guard.ts';

const holder = (id: string, storage?: number): TokenHolder => ({
  id,
  name: id,
  principal: id,
  scopes: ['upload'],
  storage,
  require: () => undefined,
});

/** Two kernels of 64 bytes: an artifact that is the core is stored once. */
async function share() {
  const { records } = memoryStores();
  for (const name of ['one', 'two']) {
    const record = kernelRecord({ buildId: buildIdOf(name) });
    const artifacts = { 'vmlinux.btf': { ...record.core, mediaType: 'x/y' } };
    const sources = record.sources.map((source) => ({ ...source, uploader: 'farm' }));
    await records.put({ ...record, artifacts, sources }, undefined);
  }
  return { records, share: new StorageShare(records) };
}

test('a token has used what its kernels take, each blob once', async () => {
  const { share: storage } = await share();
  await storage.check(holder('farm', 129));
  await expect(storage.check(holder('farm', 128))).rejects.toMatchObject({
    code: 'storage-exceeded',
    message: expect.stringContaining('use 128 bytes') as string,
  });
  await storage.check(holder('other', 1));
});

test('what was withdrawn gives its space back', async () => {
  const { records, share: storage } = await share();
  const stored = await records.get(buildIdOf('one'));
  const withdrawn = kernelRecord({ ...stored?.record, state: 'withdrawn' });
  await storage.check(holder('farm', 129));
  await records.put(withdrawn, stored?.version);
  await storage.check(holder('farm', 65));
});

test('a token without a limit costs no look at the records', async () => {
  const { records } = memoryStores();
  const blind = {
    ...records,
    list: () => {
      throw new Error('not asked for');
    },
  };
  await new StorageShare(blind).check(holder('farm'));
});
