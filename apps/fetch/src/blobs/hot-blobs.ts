import { DepotError, type BlobStore } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';
import { FillingBlob, passedOn, type ColdBlob } from './cold-blob.ts';
import type { HeldMemory } from './held-memory.ts';

/**
 * Blobs in memory, at most so many bytes, the least recently used goes. Many who ask for one that
 * is not there share one read of the store, and have its bytes as they come. Where readers hold
 * as much memory as they may, blobs are passed on without being kept.
 */
export class HotBlobs {
  readonly #blobs: BlobStore;
  readonly #held: HeldMemory;
  readonly #cache: LRUCache<string, Buffer>;
  readonly #filling = new Map<string, FillingBlob>();
  readonly #opening = new Map<string, Promise<FillingBlob | number>>();

  constructor(blobs: BlobStore, maxBytes: number, held: HeldMemory) {
    this.#blobs = blobs;
    this.#held = held;
    this.#cache = new LRUCache({
      maxSize: Math.max(maxBytes, 1),
      sizeCalculation: ({ length }) => Math.max(length, 1),
    });
  }

  /** The blob if it is in memory. */
  peek(sha256: string): Buffer | undefined {
    return this.#cache.get(sha256);
  }

  /** The blob, or the way to it. @throws DepotError `unknown-blob`. */
  async open(sha256: string): Promise<Buffer | ColdBlob> {
    for (;;) {
      const hot = this.#cache.get(sha256);
      if (hot) return hot;
      const filling = this.#filling.get(sha256) ?? (await this.#openShared(sha256));
      if (typeof filling === 'number') return passedOn(this.#blobs, sha256, filling);
      const opened = filling.open();
      if (opened) return opened;
    }
  }

  /** The blob without keeping it, for a reader that does. @throws DepotError `unknown-blob`. */
  async read(sha256: string): Promise<Uint8Array> {
    const bytes = this.#cache.get(sha256) ?? (await this.#blobs.get(sha256));
    if (!bytes) throw unknown(sha256);
    return bytes;
  }

  async has(sha256: string): Promise<boolean> {
    return this.#cache.has(sha256) || this.#blobs.has(sha256);
  }

  #openShared(sha256: string): Promise<FillingBlob | number> {
    let opening = this.#opening.get(sha256);
    if (!opening) {
      opening = this.#fill(sha256).finally(() => this.#opening.delete(sha256));
      this.#opening.set(sha256, opening);
    }
    return opening;
  }

  /** @returns the size alone, where there is no room for it. */
  async #fill(sha256: string): Promise<FillingBlob | number> {
    const found = await this.#blobs.stream(sha256);
    if (!found) throw unknown(sha256);
    if (!this.#held.hasRoom(found.size)) {
      found.bytes.destroy();
      return found.size;
    }
    const filling = new FillingBlob(found, this.#held, (whole) => {
      this.#filling.delete(sha256);
      if (whole) this.#cache.set(sha256, whole);
    });
    this.#filling.set(sha256, filling);
    return filling;
  }
}

function unknown(sha256: string): DepotError {
  return new DepotError('unknown-blob', `no blob ${sha256}`);
}
