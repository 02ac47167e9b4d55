import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { verifiedBlobs } from '@btf-depot/depot';
import { StoreUnavailable } from '../errors.ts';
import { BLOBS, KERNELS, PROBE_SIZE } from '../layout.ts';
import type { Stores } from '../stores.ts';
import { TOKENS } from '../token-bytes.ts';
import { FsAskedNotes } from './asked-notes.ts';
import { FsBlobStore } from './blob-store.ts';
import { ASIDE, asStore, unlessMissing } from './durable.ts';
import { FsRecordStore } from './record-store.ts';
import { FsTokenStore } from './token-store.ts';

/** Age, in milliseconds, above which nobody is still writing an unfinished file. */
const STRAY_AFTER = 60 * 60 * 1000;

/**
 * Opens the stores in a folder and removes unfinished files of crashed processes. Any number of
 * processes may use one folder of a local file system.
 * @param make whether to make a missing store.
 * @throws StoreUnavailable if the store is missing and not to be made, or cannot be written.
 */
export async function openFsStores(folder: string, { make = true } = {}): Promise<Stores> {
  if (!make && !(await isStore(folder))) {
    throw new StoreUnavailable(`the folder ${folder} contains no store`);
  }
  await asStore(`use the data folder ${folder}`, async () => {
    await mkdir(join(folder, ASIDE), { recursive: true });
    await removeStrays(join(folder, ASIDE));
  });
  const blobs = new FsBlobStore(folder);
  await blobs.check();
  return {
    blobs: verifiedBlobs(blobs),
    records: new FsRecordStore(folder),
    tokens: new FsTokenStore(folder),
    asked: new FsAskedNotes(folder),
    checkWrites: () => checkWrites(join(folder, ASIDE)),
  };
}

async function checkWrites(aside: string): Promise<void> {
  const path = join(aside, `writable-${randomUUID()}`);
  await asStore('write to the data folder', async () => {
    try {
      await writeFile(path, new Uint8Array(PROBE_SIZE), { flag: 'wx', flush: true });
    } finally {
      await rm(path, { force: true });
    }
  });
}

async function isStore(folder: string): Promise<boolean> {
  const names = await asStore(`read ${folder}`, () => unlessMissing(() => readdir(folder)));
  const ours = [ASIDE, KERNELS, TOKENS, dirname(BLOBS)];
  return names?.some((name) => ours.includes(name)) ?? false;
}

async function removeStrays(aside: string): Promise<void> {
  for (const name of await readdir(aside)) {
    const path = join(aside, name);
    const found = await unlessMissing(() => stat(path));
    if (found && Date.now() - found.mtimeMs > STRAY_AFTER) await rm(path, { force: true });
  }
}
