import { DepotError, type BlobStore } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';

/**
 * Blobs in memory, at most so many bytes, the least recently used goes. Many who ask for one that
 * is not there share one read of the store.
 */
export class HotBlobs {
  readonly #blobs: BlobStore;
  readonly #cache: LRUCache<string, Buffer>;
  readonly #reading = new Map<string, Promise<Buffer>>();

  constructor(blobs: BlobStore, maxBytes: number) {
    this.#blobs = blobs;
    this.#cache = new LRUCache({
      maxSize: Math.max(maxBytes, 1),
      sizeCalculation: ({ length }) => Math.max(length, 1),
    });
  }

  /** The blob if it is in memory. */
  peek(sha256: string): Buffer | undefined {
    return this.#cache.get(sha256);
  }

  /** @throws DepotError `unknown-blob`. */
  async get(sha256: string): Promise<Buffer> {
    const hot = this.#cache.get(sha256);
    if (hot) return hot;
    let reading = this.#reading.get(sha256);
    if (!reading) {
      reading = this.#read(sha256).finally(() => this.#reading.delete(sha256));
      this.#reading.set(sha256, reading);
    }
    return reading;
  }

  /** The blob without keeping it, for a reader that does. @throws DepotError `unknown-blob`. */
  async read(sha256: string): Promise<Uint8Array> {
    const bytes = this.#cache.get(sha256) ?? (await this.#blobs.get(sha256));
    if (!bytes) throw new DepotError('unknown-blob', `no blob ${sha256}`);
    return bytes;
  }

  async #read(sha256: string): Promise<Buffer> {
    const bytes = await this.read(sha256);
    const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#cache.set(sha256, blob);
    return blob;
  }
}
