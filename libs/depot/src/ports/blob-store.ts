import type { Readable } from 'node:stream';

/**
 * Immutable bytes by their SHA-256. A blob is at most `MAX_BLOB_SIZE` bytes and is put whole.
 *
 * The stores that are opened give no bytes that have another hash (verifiedBlobs): every way to
 * read then ends in DepotError `damaged-blob`, and a note of it is left for the sweeper.
 */
export interface BlobStore {
  /**
   * Resolves once the bytes are durable. The caller vouches for the hash.
   * @returns whether they were written now; false if they were there already.
   */
  put(sha256: string, bytes: Uint8Array): Promise<{ created: boolean }>;
  /**
   * Writes the bytes whatever lies there, damaged ones too. Resolves once they are durable.
   * @throws RangeError for bytes of another hash: nothing is written over for those.
   */
  replace(sha256: string, bytes: Uint8Array): Promise<void>;
  /** @returns the whole blob, or undefined if there is none. */
  get(sha256: string): Promise<Uint8Array | undefined>;
  /**
   * The blob as it comes, for readers that take their time: the store is asked for more only as
   * they go on. Ends in an error where the store falls silent. To be read or destroyed.
   * Up to `VERIFIED_FIRST` bytes are hashed before this resolves, and before a part of a blob the
   * whole. Longer ones are hashed as they flow; their last bytes come only if the hash holds.
   * @param range a part that is not empty; absent: the whole.
   */
  stream(sha256: string, range?: ByteRange): Promise<BlobStream | undefined>;
  /**
   * The whole blob into memory, as fast as the store gives it, for readers who follow.
   * @returns once the size is known.
   */
  load(sha256: string, allocate: Allocate): Promise<BlobLoad | undefined>;
  has(sha256: string): Promise<boolean>;
  /** Every blob, in no stated order; one that is put or deleted meanwhile may be in it or not. */
  list(): AsyncIterable<BlobEntry>;
  /** Resolves once the blob is gone, also where it was not there. */
  delete(sha256: string): Promise<void>;
  /** Rejects where the store cannot be reached: for readiness. */
  check(): Promise<void>;
  /** Which blobs were found to be damaged or lost. */
  readonly damage: DamageNotes;
}

/** Notes of whoever reads, for the sweeper: it looks for itself, heals, and forgets them. */
export interface DamageNotes {
  /** Resolves once the note is there, also where it was. */
  add(sha256: string): Promise<void>;
  list(): AsyncIterable<string>;
  remove(sha256: string): Promise<void>;
}

export interface BlobStream {
  /** Of the whole blob, in bytes. */
  size: number;
  bytes: Readable;
}

/** Gives room for so many bytes, whatever is in them. */
export type Allocate = (size: number) => Buffer;

/** A blob that comes into memory. */
export interface BlobLoad {
  /** As long as the blob, and filled from its beginning. */
  readonly bytes: Buffer;
  /** How many bytes are there that may be handed on. */
  readonly filled: number;
  /** Told each time that there are more. */
  onMore: () => void;
  /**
   * Resolves when all are there and have the hash; rejects where the store breaks off, falls
   * silent or sends more, and where they have another.
   */
  readonly whole: Promise<unknown>;
  /** Leaves the store alone, also before all is there; `whole` rejects then. */
  stop(): void;
}

/** From byte `start` up to `end`, which is not in it; within the blob. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface BlobEntry {
  sha256: string;
  /** Bytes. */
  size: number;
  /** When it was put. */
  at: Date;
}

/** So that every store can put a blob whole, in one request that is all or nothing. */
export const MAX_BLOB_SIZE = 64 * 1024 * 1024;

/** Bytes of a blob that is hashed before anything of it is handed on. */
export const VERIFIED_FIRST = 8 * 1024 * 1024;
