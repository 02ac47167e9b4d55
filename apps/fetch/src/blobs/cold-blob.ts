import {
  DepotError,
  VERIFIED_FIRST,
  type BlobLoad,
  type BlobStore,
  type BlobStream,
  type ByteRange,
} from '@btf-depot/depot';
import type { HeldMemory } from './held-memory.ts';

/** A blob being read from the store. Read it or not, then close it. */
export interface ColdBlob {
  /** Bytes. */
  readonly length: number;
  /** Whether one answer can have several parts of it. */
  readonly inParts: boolean;
  /**
   * Resolves when an answer with the bytes from `start` up to `end` may begin: their hash is right,
   * or they are a whole large blob, of which `read` gives the end only if the hash is right.
   * @param mayCut false: the second is not enough, since this reader misinterprets a cut answer.
   * @throws DepotError `damaged-blob`, `store-unavailable`.
   */
  prepare(start: number, end: number, mayCut: boolean): Promise<void>;
  /** The bytes from `start` up to `end`, as they come. Throws if the store breaks off. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Ends the reading, even while it waits. */
  close(): void;
}

const ABANDONED = new Error('nobody reads it');

/** Bytes that a follower gets in one turn. */
const PART = 512 * 1024;

/**
 * A blob being read into memory, followed by any number of readers, each at its own speed: one read
 * of the store for all. If all readers leave before it is complete, the read is stopped.
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

  /** @param onEnd called once: with the whole blob, or undefined if it is not complete. */
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
   * @returns undefined if its last reader left before it was complete.
   * @throws if the store closed the connection early.
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

/** Whether this is a whole blob that is hashed while it flows. */
function flows(length: number, start: number, end: number): boolean {
  return length > VERIFIED_FIRST && start === 0 && end === length;
}

/** An error of the store has no code; before the head was sent, it gets one. */
function asRefusal(error: unknown): Error {
  if (error instanceof DepotError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DepotError('store-unavailable', message, { cause: error });
}

/**
 * A blob without memory for it: each reader reads the store by itself, at its own speed. A range
 * costs a read of the whole, so several ranges are not offered.
 */
export function passedOn(blobs: BlobStore, sha256: string, size: number): ColdBlob {
  let current: BlobStream | undefined;
  let isOpen = true;
  return {
    length: size,
    inParts: false,
    async prepare(start, end, mayCut) {
      const isWhole = start === 0 && end === size;
      const hashesFirst = isWhole && size > VERIFIED_FIRST && !mayCut;
      const range = isWhole ? undefined : { start, end };
      const found = await openStream(blobs, sha256, range, hashesFirst);
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

async function openStream(
  blobs: BlobStore,
  sha256: string,
  range: ByteRange | undefined,
  hashesFirst: boolean,
): Promise<BlobStream | undefined> {
  try {
    // Reading a range of a blob hashes the whole first.
    if (hashesFirst) (await blobs.stream(sha256, { start: 0, end: 1 }))?.bytes.destroy();
    return await blobs.stream(sha256, range);
  } catch (error) {
    throw asRefusal(error);
  }
}
