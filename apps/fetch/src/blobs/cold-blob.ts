import {
  DepotError,
  VERIFIED_FIRST,
  type BlobLoad,
  type BlobStore,
  type BlobStream,
} from '@btf-depot/depot';
import type { HeldMemory } from './held-memory.ts';

/** A blob on its way from the store. Whoever has one reads it or not, and then closes it. */
export interface ColdBlob {
  /** Bytes. */
  readonly length: number;
  /** Whether an answer can have several parts of it. */
  readonly inParts: boolean;
  /**
   * Resolves when an answer with the bytes from `start` up to `end` may begin: their hash is known
   * to hold, or they are the whole of a large blob, of which `read` gives the end only if it does.
   * @param mayCut false: the second is not enough, for this reader takes a cut answer for another.
   * @throws DepotError `damaged-blob`, `store-unavailable`.
   */
  prepare(start: number, end: number, mayCut: boolean): Promise<void>;
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
  readonly #ended: Promise<unknown>;
  #failure: Error | undefined;
  #readers = 0;
  #waiting: (() => void)[] = [];

  /** @param onEnd told once: the whole blob, or undefined if it did not come to that. */
  constructor(load: BlobLoad, held: HeldMemory, onEnd: (whole?: Buffer) => void) {
    this.length = load.bytes.length;
    this.#load = load;
    this.#held = held;
    held.hold(this);
    load.onMore = () => this.#wake();
    this.#ended = load.whole
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
   * @returns undefined if its last reader left before it was whole.
   * @throws where the store broke off.
   */
  open(): ColdBlob | undefined {
    if (this.#failure === ABANDONED) return undefined;
    if (this.#failure) throw asRefusal(this.#failure);
    this.#readers++;
    this.#held.hold(this);
    let isOpen = true;
    return {
      length: this.length,
      inParts: true,
      prepare: async (start, end, mayCut) => {
        if (mayCut && flows(this.length, start, end)) return;
        await this.#ended;
        if (this.#failure) throw asRefusal(this.#failure);
      },
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

/** Whether this is the whole of a blob that is hashed while it flows. */
function flows(length: number, start: number, end: number): boolean {
  return length > VERIFIED_FIRST && start === 0 && end === length;
}

/** What the store broke off with has no code; before the head was sent it is told with one. */
function asRefusal(error: Error): Error {
  if (error instanceof DepotError) return error;
  return new DepotError('store-unavailable', error.message, { cause: error });
}

/**
 * A blob for which there is no memory: each reader has its own way to the store, at its own speed.
 * A part of it costs a read of the whole, so several parts are not given.
 */
export function passedOn(blobs: BlobStore, sha256: string, size: number): ColdBlob {
  let current: BlobStream | undefined;
  let isOpen = true;
  return {
    length: size,
    inParts: false,
    async prepare(start, end, mayCut) {
      const isWhole = start === 0 && end === size;
      if (isWhole && size > VERIFIED_FIRST && !mayCut) await hashWhole(blobs, sha256);
      const found = await blobs.stream(sha256, isWhole ? undefined : { start, end });
      if (!found) throw new DepotError('unknown-blob', `no blob ${sha256}`);
      if (found.size !== size)
        throw new DepotError('damaged-blob', `blob ${sha256} changed while it was read; retry`);
      current = found;
      if (!isOpen) found.bytes.destroy();
    },
    async *read() {
      if (isOpen && current) yield* current.bytes as AsyncIterable<Uint8Array>;
    },
    close() {
      isOpen = false;
      current?.bytes.destroy();
    },
  };
}

/** Reading a part of a blob hashes the whole first. */
async function hashWhole(blobs: BlobStore, sha256: string): Promise<void> {
  const found = await blobs.stream(sha256, { start: 0, end: 1 });
  found?.bytes.destroy();
}
