import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stores } from '../stores.ts';
import { FsBlobStore } from './blob-store.ts';
import { ASIDE, asStore, unlessMissing } from './durable.ts';
import { FsRecordStore } from './record-store.ts';
import { FsTokenStore } from './token-store.ts';

/** Age, in milliseconds, at which nobody can be writing an unfinished file any more. */
const STRAY_AFTER = 60 * 60 * 1000;

/**
 * Opens the stores in a folder, which it makes where it is missing, and removes what crashed
 * processes left unfinished. Any number of processes may use one folder of a local file system.
 * @throws StoreUnavailable where the folder cannot be made or written.
 */
export async function openFsStores(folder: string): Promise<Stores> {
  await asStore(`use the data folder ${folder}`, async () => {
    await mkdir(join(folder, ASIDE), { recursive: true });
    await removeStrays(join(folder, ASIDE));
  });
  const blobs = new FsBlobStore(folder);
  await blobs.check();
  return { blobs, records: new FsRecordStore(folder), tokens: new FsTokenStore(folder) };
}

async function removeStrays(aside: string): Promise<void> {
  for (const name of await readdir(aside)) {
    const path = join(aside, name);
    const found = await unlessMissing(() => stat(path));
    if (found && Date.now() - found.mtimeMs > STRAY_AFTER) await rm(path, { force: true });
  }
}
