import { isSha256 } from '@btf-depot/contracts';
import type {
  Allocate,
  BlobEntry,
  BlobLoad,
  BlobStore,
  BlobStream,
  ByteRange,
} from '@btf-depot/depot';
import { checkBlobSize } from '../blob-size.ts';
import { StoreUnavailable } from '../errors.ts';
import { blobKey, BLOBS } from '../layout.ts';
import type { Bucket } from './bucket.ts';
import { MinioDamageNotes } from './damage-notes.ts';

/** Blobs as objects `blobs/sha256/ab/abcdef…`, written once. */
export class MinioBlobStore implements BlobStore {
  readonly damage: MinioDamageNotes;
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
    this.damage = new MinioDamageNotes(bucket);
  }

  async put(sha256: string, bytes: Uint8Array): Promise<{ created: boolean }> {
    const key = blobKey(sha256);
    checkBlobSize(bytes);
    // An existing blob need not be sent only to be refused.
    if (await this.#bucket.has(key)) return { created: false };
    const etag = await this.#bucket.put(key, bytes, { 'If-None-Match': '*' });
    return { created: etag !== undefined };
  }

  async replace(sha256: string, bytes: Uint8Array): Promise<void> {
    const key = blobKey(sha256);
    checkBlobSize(bytes);
    await this.#bucket.put(key, bytes, {});
  }

  async get(sha256: string): Promise<Uint8Array | undefined> {
    const load = await this.load(sha256, (size) => Buffer.allocUnsafeSlow(size));
    await load?.whole.catch((cause: unknown) => {
      throw new StoreUnavailable(`cannot read blob ${sha256}: ${String(cause)}`, { cause });
    });
    return load?.bytes;
  }

  async stream(sha256: string, range?: ByteRange): Promise<BlobStream | undefined> {
    return this.#bucket.stream(blobKey(sha256), range);
  }

  async load(sha256: string, allocate: Allocate): Promise<BlobLoad | undefined> {
    return this.#bucket.load(blobKey(sha256), allocate);
  }

  async has(sha256: string): Promise<boolean> {
    return this.#bucket.has(blobKey(sha256));
  }

  async *list(): AsyncIterable<BlobEntry> {
    for await (const { key, size, at } of this.#bucket.list(`${BLOBS}/`)) {
      const sha256 = key.split('/').at(-1) ?? '';
      if (isSha256(sha256) && key === blobKey(sha256)) yield { sha256, size, at };
    }
  }

  async delete(sha256: string): Promise<void> {
    await this.#bucket.delete(blobKey(sha256));
  }

  async check(): Promise<void> {
    await this.#bucket.check();
  }
}
