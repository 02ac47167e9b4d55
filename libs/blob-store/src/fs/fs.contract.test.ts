import {
  describeAskedNotes,
  describeBlobStore,
  describeRecordStore,
  describeTokenStore,
} from '@btf-depot/testing';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { openFsStores } from './open.ts';

async function makeStores() {
  const folder = new TemporaryFolder();
  return {
    ...(await openFsStores(folder.path)),
    elsewhere: {
      module: new URL('./open.ts', import.meta.url).href,
      opener: 'openFsStores',
      argument: folder.path,
    },
    dispose: () => {
      folder[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

describeAskedNotes('a folder', makeStores);
describeBlobStore('a folder', makeStores);
describeRecordStore('a folder', makeStores);
describeTokenStore('a folder', makeStores);
