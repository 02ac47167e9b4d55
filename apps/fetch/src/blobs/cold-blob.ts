import type { Readable } from 'node:stream';
import type { BlobLoad, BlobStore } from '@btf-depot/depot';
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

/** Bytes that a follower is given at a time, so that others have their turn. */
const PART = 512 * 1024;

/**
 * A blob that comes into memory while any number of readers follow, each at its own speed: one read
 * of the store for all. When nobody reads it any more before it is whole, the store is left alone.
 */
export class FillingBlob {
  /** Bytes. */
  readonly length: number;
  readonly #load: BlobLoad;
  readonly #held: HeldMemory;
  #failure: Error | undefined;
  #readers = 0;
  #waiting: (() => void)[] = [];

  /** @param onEnd told once: the whole blob, or undefined where it did not come to that. */
  constructor(load: BlobLoad, held: HeldMemory, onEnd: (whole?: Buffer) => void) {
    this.length = load.bytes.length;
    this.#load = load;
    this.#held = held;
    held.hold(this);
    load.onMore = () => this.#wake();
    load.whole
      .then(
        () => onEnd(load.bytes),
        (error: unknown) => {
          this.#failure ??= error instanceof Error ? error : new Error(String(error));
          onEnd();
        },
      )
      .finally(() => {
        held.release(this);
        this.#wake();
      });
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
        if (this.#readers === 0) this.#abandon();
      },
    };
  }

  async *#follow(start: number, end: number, isWanted: () => boolean): AsyncGenerator<Uint8Array> {
    let at = start;
    while (at < end && isWanted()) {
      const upTo = Math.min(this.#load.filled, end, at + PART);
      if (upTo > at) {
        yield this.#load.bytes.subarray(at, upTo);
        at = upTo;
      } else if (this.#failure) {
        throw this.#failure;
      } else {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    }
  }

  #abandon(): void {
    if (this.#load.filled === this.length) return;
    this.#failure ??= ABANDONED;
    this.#load.stop();
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
