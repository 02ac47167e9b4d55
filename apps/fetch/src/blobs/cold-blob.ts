import type { Readable } from 'node:stream';
import type { BlobStore, BlobStream } from '@btf-depot/depot';
import type { HeldMemory } from './held-memory.ts';

/** A blob on its way from the store. Whoever has one reads it or not, and then closes it. */
export interface ColdBlob {
  /** Bytes. */
  readonly length: number;
  /** The bytes from `start` up to `end`, as they come. Throws where the store breaks off. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Ends the reading, also one that waits. */
  close(): void;
}

const ABANDONED = new Error('nobody reads it');

/**
 * A blob that comes into memory while any number of readers follow, each at its own speed: one read
 * of the store for all. When nobody reads it any more before it is whole, the store is left alone.
 * The chunks are kept as they came: copying them into one buffer took as long as reading them.
 */
export class FillingBlob {
  /** Bytes. */
  readonly length: number;
  readonly #chunks: Uint8Array[] = [];
  readonly #stream: Readable;
  readonly #held: HeldMemory;
  readonly #onEnd: (whole?: readonly Uint8Array[]) => void;
  /** Bytes that are there. */
  #filled = 0;
  #failure: Error | undefined;
  #isOver = false;
  #readers = 0;
  #waiting: (() => void)[] = [];

  /** @param onEnd told once: the whole blob, or undefined where it did not come to that. */
  constructor(
    { size, bytes }: BlobStream,
    held: HeldMemory,
    onEnd: (whole?: readonly Uint8Array[]) => void,
  ) {
    this.length = size;
    this.#stream = bytes;
    this.#held = held;
    this.#onEnd = onEnd;
    held.hold(this);
    bytes.on('data', (chunk: Uint8Array) => this.#take(chunk));
    bytes.on('error', (error) => this.#end(error));
    bytes.once('close', () => this.#end(new Error('the store broke off')));
  }

  /**
   * @returns undefined where its last reader left before it was whole.
   * @throws where the store broke off.
   */
  open(): ColdBlob | undefined {
    if (this.#failure === ABANDONED) return undefined;
    if (this.#failure) throw this.#failure;
    this.#readers++;
    this.#held.hold(this);
    let isOpen = true;
    return {
      length: this.length,
      read: (start, end) => this.#follow(start, end, () => isOpen),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#held.release(this);
        this.#readers--;
        this.#wake();
        if (this.#readers === 0) this.#end(ABANDONED);
      },
    };
  }

  async *#follow(start: number, end: number, isWanted: () => boolean): AsyncGenerator<Uint8Array> {
    let next = 0;
    /** Where in the blob the next chunk begins. */
    let from = 0;
    while (from < end && isWanted()) {
      if (next < this.#chunks.length) {
        const chunk = this.#chunks[next++];
        const part = chunk.subarray(Math.max(start - from, 0), end - from);
        from += chunk.length;
        if (part.length > 0) yield part;
      } else if (this.#failure) {
        throw this.#failure;
      } else {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    }
  }

  #take(chunk: Uint8Array): void {
    this.#filled += chunk.length;
    if (this.#filled > this.length) {
      this.#end(new Error('the store sent more than it said'));
      return;
    }
    this.#chunks.push(chunk);
    this.#wake();
  }

  /** @param failure counts where the blob is not whole. */
  #end(failure: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isWhole = this.#filled === this.length;
    if (!isWhole) this.#failure = failure;
    this.#stream.destroy();
    this.#onEnd(isWhole ? this.#chunks : undefined);
    this.#held.release(this);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A blob for which there is no memory: each reader has its own way to the store, at its own speed. */
export function passedOn(blobs: BlobStore, sha256: string, size: number): ColdBlob {
  let current: Readable | undefined;
  let isOpen = true;
  return {
    length: size,
    async *read(start, end) {
      const found = await blobs.stream(sha256, { start, end });
      if (!found) throw new Error(`blob ${sha256} is gone`);
      current = found.bytes;
      if (isOpen) yield* current as AsyncIterable<Uint8Array>;
      else current.destroy();
    },
    close() {
      isOpen = false;
      current?.destroy();
    },
  };
}
