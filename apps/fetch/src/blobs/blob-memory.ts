/** Bytes beyond the limit that may wait for the garbage collector. */
const UNCOLLECTED = 128 * 1024 * 1024;

/**
 * Memory for blobs from the store. V8 counts the memory of an ArrayBuffer, and collects its whole
 * heap after every few blobs, which takes longer than everything else. It does not count a
 * SharedArrayBuffer, so this class counts it, and uses ArrayBuffers if too much waits for the
 * collector: then it runs soon.
 */
export class BlobMemory {
  readonly #limit: number;
  #uncounted = 0;
  readonly #collected = new FinalizationRegistry<number>((size) => (this.#uncounted -= size));

  /** @param expected bytes in use at one time. */
  constructor(expected: number) {
    this.#limit = expected + UNCOLLECTED;
  }

  /** @returns so many bytes, with any contents. */
  take(size: number): Buffer {
    if (this.#uncounted + size > this.#limit) return Buffer.allocUnsafeSlow(size);
    const memory = new SharedArrayBuffer(size);
    this.#uncounted += size;
    this.#collected.register(memory, size);
    return Buffer.from(memory);
  }
}
