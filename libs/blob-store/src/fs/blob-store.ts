import { constants, type Stats } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSha256 } from '@btf-depot/contracts';
import {
  loadStream,
  type BlobEntry,
  type Allocate,
  type BlobLoad,
  type BlobStore,
  type BlobStream,
  type ByteRange,
} from '@btf-depot/depot';
import { checkBlobSize } from '../blob-size.ts';
import { blobKey, BLOBS } from '../layout.ts';
import { FsDamageNotes } from './damage-notes.ts';
import {
  ASIDE,
  asStore,
  createFile,
  moveFolderAway,
  replaceFile,
  syncFolders,
  unlessMissing,
} from './durable.ts';

/** Bytes that are read at a time. */
const CHUNK = 256 * 1024;

/** Blobs as files `blobs/sha256/ab/abcdef…`. */
export class FsBlobStore implements BlobStore {
  readonly damage: FsDamageNotes;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.damage = new FsDamageNotes(root);
  }

  async put(sha256: string, bytes: Uint8Array): Promise<{ created: boolean }> {
    const key = blobKey(sha256);
    checkBlobSize(bytes);
    return asStore(`write blob ${sha256}`, async () => {
      if ((await this.#look(sha256)) !== undefined) {
        // Another process may have linked it a moment ago, and not yet have called fsync.
        await syncFolders(this.#root, key);
        return { created: false };
      }
      await moveFolderAway(this.#root, key);
      return { created: await createFile(this.#root, key, bytes) };
    });
  }

  async replace(sha256: string, bytes: Uint8Array): Promise<void> {
    const key = blobKey(sha256);
    checkBlobSize(bytes);
    await asStore(`write blob ${sha256}`, async () => {
      await mkdir(dirname(join(this.#root, key)), { recursive: true });
      await moveFolderAway(this.#root, key);
      await replaceFile(this.#root, key, bytes);
    });
  }

  async get(sha256: string): Promise<Uint8Array | undefined> {
    const path = join(this.#root, blobKey(sha256));
    return asStore(`read blob ${sha256}`, () => unlessMissing(() => readFile(path)));
  }

  async stream(sha256: string, range?: ByteRange): Promise<BlobStream | undefined> {
    const path = join(this.#root, blobKey(sha256));
    return asStore(`read blob ${sha256}`, () =>
      unlessMissing(async () => {
        const file = await open(path, 'r');
        const found = await file.stat();
        if (!found.isFile()) {
          await file.close();
          return undefined;
        }
        const { size } = found;
        const part = range && { start: range.start, end: range.end - 1 };
        return { size, bytes: file.createReadStream({ ...part, highWaterMark: CHUNK }) };
      }),
    );
  }

  async load(sha256: string, allocate: Allocate): Promise<BlobLoad | undefined> {
    const stream = await this.stream(sha256);
    return stream && loadStream(stream, allocate);
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#look(sha256)) !== undefined;
  }

  /** Its file; undefined if there is none. */
  async #look(sha256: string): Promise<Stats | undefined> {
    const path = join(this.#root, blobKey(sha256));
    const found = await asStore(`look for blob ${sha256}`, () => unlessMissing(() => stat(path)));
    return found?.isFile() ? found : undefined;
  }

  async *list(): AsyncIterable<BlobEntry> {
    const names = (path: string) =>
      asStore('list the blobs', async () => (await unlessMissing(() => readdir(path))) ?? []);
    for (const shard of await names(join(this.#root, BLOBS))) {
      const folder = join(this.#root, BLOBS, shard);
      for (const sha256 of (await names(folder)).filter(isSha256)) {
        const found = await this.#look(sha256);
        if (found) yield { sha256, size: found.size, at: found.mtime };
      }
    }
  }

  async delete(sha256: string): Promise<void> {
    const key = blobKey(sha256);
    await asStore(`delete blob ${sha256}`, () => rm(join(this.#root, key), { force: true }));
  }

  async check(): Promise<void> {
    await asStore('write to the data folder', () =>
      access(join(this.#root, ASIDE), constants.R_OK | constants.W_OK | constants.X_OK),
    );
  }
}
