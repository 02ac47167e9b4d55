import { DepotError, SingleFlight, type BlobStore } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';
import { BlobMemory } from './blob-memory.ts';
import { FillingBlob, passedOn, type ColdBlob } from './cold-blob.ts';
import type { HeldMemory } from './held-memory.ts';

/**
 * Blobs in memory, at most so many bytes; the least recently used goes. Simultaneous requests for a
 * missing one share one read of the store, and get its bytes as they come. If readers hold all
 * memory for blobs, further blobs are streamed without being kept.
 */
export class HotBlobs {
  readonly #blobs: BlobStore;
  readonly #held: HeldMemory;
  readonly #memory: BlobMemory;
  readonly #cache: LRUCache<string, Buffer>;
  readonly #filling = new Map<string, FillingBlob>();
  readonly #fills = new SingleFlight((sha256: string) => this.#fill(sha256));

  constructor(blobs: BlobStore, maxBytes: number, held: HeldMemory) {
    this.#blobs = blobs;
    this.#held = held;
    this.#memory = new BlobMemory(maxBytes);
    this.#cache = new LRUCache({
      maxSize: Math.max(maxBytes, 1),
      // An empty blob has a size too.
      sizeCalculation: ({ length }) => 1 + length,
    });
  }

  /** The blob if it is in memory. */
  peek(sha256: string): Buffer | undefined {
    return this.#cache.get(sha256);
  }

  /** The blob, or a stream of it. @throws DepotError `unknown-blob`. */
  async open(sha256: string): Promise<Buffer | ColdBlob> {
    for (;;) {
      const hot = this.peek(sha256);
      if (hot) return hot;
      const filling = this.#filling.get(sha256) ?? (await this.#fills.run(sha256));
      if (typeof filling === 'number') return passedOn(this.#blobs, sha256, filling);
      const opened = filling.open();
      if (opened) return opened;
      // The store has not confirmed its stop yet: until then a new request would find this one.
      this.#forget(sha256, filling);
    }
  }

  /** The blob without keeping it, for a reader that keeps it. @throws DepotError `unknown-blob`. */
  async read(sha256: string): Promise<Uint8Array> {
    const bytes = this.peek(sha256) ?? (await this.#blobs.get(sha256));
    if (!bytes) throw await this.#lost(sha256);
    return bytes;
  }

  async has(sha256: string): Promise<boolean> {
    return this.#cache.has(sha256) || this.#blobs.has(sha256);
  }

  #forget(sha256: string, filling: FillingBlob): void {
    if (this.#filling.get(sha256) === filling) this.#filling.delete(sha256);
  }

  /** @returns only the size, if there is no room for it. */
  async #fill(sha256: string): Promise<FillingBlob | number> {
    const load = await this.#blobs.load(sha256, (size) => this.#memory.take(size));
    if (!load) throw await this.#lost(sha256);
    const { length } = load.bytes;
    if (!this.#held.hasRoom(length)) {
      load.stop();
      return length;
    }
    const filling = new FillingBlob(load, this.#held, (whole) => {
      this.#forget(sha256, filling);
      if (whole) this.#cache.set(sha256, whole);
    });
    this.#filling.set(sha256, filling);
    return filling;
  }

  /** Its hash comes from a record, so it should exist. */
  async #lost(sha256: string): Promise<DepotError> {
    await this.#blobs.damage.add(sha256).catch(() => undefined);
    return new DepotError('unknown-blob', `no blob ${sha256}`);
  }
}
