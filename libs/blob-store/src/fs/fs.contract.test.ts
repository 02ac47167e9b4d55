import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBlobStore, describeRecordStore, describeTokenStore } from '@btf-depot/testing';
import { openFsStores } from './open.ts';

async function makeStores() {
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-store-'));
  return {
    ...(await openFsStores(folder)),
    elsewhere: {
      module: new URL('./open.ts', import.meta.url).href,
      opener: 'openFsStores',
      argument: folder,
    },
    dispose: () => rm(folder, { recursive: true }),
  };
}

describeBlobStore('a folder', makeStores);
describeRecordStore('a folder', makeStores);
describeTokenStore('a folder', makeStores);
