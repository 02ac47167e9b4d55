/** Bytes beyond the limit that may wait for the collector. */
const UNCOLLECTED = 128 * 1024 * 1024;

/**
 * Memory for blobs that come from the store. V8 counts the memory of an ArrayBuffer, and collects
 * all its heap after every few blobs, which takes longer than all else that a blob needs. That of a
 * SharedArrayBuffer it does not count, so that here it is counted, and others are used where too
 * much waits for the collector: then it comes soon.
 */
export class BlobMemory {
  readonly #limit: number;
  #uncounted = 0;
  readonly #collected = new FinalizationRegistry<number>((size) => (this.#uncounted -= size));

  /** @param expected bytes that are in use at one time. */
  constructor(expected: number) {
    this.#limit = expected + UNCOLLECTED;
  }

  /** @returns so many bytes, whatever is in them. */
  take(size: number): Buffer {
    if (this.#uncounted + size > this.#limit) return Buffer.allocUnsafeSlow(size);
    const memory = new SharedArrayBuffer(size);
    this.#uncounted += size;
    this.#collected.register(memory, size);
    return Buffer.from(memory);
  }
}
