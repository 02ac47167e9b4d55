import type { Readable } from 'node:stream';

/**
 * Immutable bytes by their SHA-256. A blob has at most `MAX_BLOB_SIZE` bytes and is put whole.
 *
 * Opened stores never give bytes with another hash (verifiedBlobs): every read then ends in
 * DepotError `damaged-blob`, and leaves a note for the sweeper.
 */
export interface BlobStore {
  /**
   * Resolves once the bytes are durable. The caller guarantees the hash.
   * @returns whether they were written now; false if they existed.
   */
  put(sha256: string, bytes: Uint8Array): Promise<{ created: boolean }>;
  /**
   * Writes the bytes over existing ones, which may be damaged. Resolves once they are durable.
   * @throws RangeError for bytes of another hash, without writing.
   */
  replace(sha256: string, bytes: Uint8Array): Promise<void>;
  /** @returns the whole blob, or undefined if there is none. */
  get(sha256: string): Promise<Uint8Array | undefined>;
  /**
   * The blob as a stream, for slow readers: it reads from the store only as they go on. Fails if
   * the store falls silent. Read or destroy it. Up to `VERIFIED_FIRST` bytes are hashed before this
   * resolves, and for a range the whole blob. Longer ones are hashed as they flow; their last bytes
   * come only if the hash is right.
   * @param range a part that is not empty; absent: the whole.
   */
  stream(sha256: string, range?: ByteRange): Promise<BlobStream | undefined>;
  /**
   * The whole blob into memory, as fast as the store gives it, for readers that follow.
   * @returns once the size is known.
   */
  load(sha256: string, allocate: Allocate): Promise<BlobLoad | undefined>;
  has(sha256: string): Promise<boolean>;
  /** Every blob, in no particular order; one that is put or deleted meanwhile may be missing. */
  list(): AsyncIterable<BlobEntry>;
  /** Resolves once the blob is gone, or if there was none. */
  delete(sha256: string): Promise<void>;
  /** Rejects if the store cannot be reached: for readiness. */
  check(): Promise<void>;
  /** Notes of damaged or lost blobs. */
  readonly damage: DamageNotes;
}

/** Readers write notes for the sweeper, which checks the blob, heals it, and deletes the note. */
export interface DamageNotes {
  /** Resolves once the note exists. */
  add(sha256: string): Promise<void>;
  list(): AsyncIterable<string>;
  remove(sha256: string): Promise<void>;
}

export interface BlobStream {
  /** Of the whole blob, in bytes. */
  size: number;
  bytes: Readable;
}

/** Allocates memory for this many bytes, with any contents. */
export type Allocate = (size: number) => Buffer;

/** A blob that is being read into memory. */
export interface BlobLoad {
  /** As long as the blob, filled from its beginning. */
  readonly bytes: Buffer;
  /** The number of bytes that may be handed on. */
  readonly filled: number;
  /** Called each time that there are more. */
  onMore: () => void;
  /**
   * Resolves when all bytes have come with the right hash. Rejects if the store breaks off, falls
   * silent or sends more, or if the hash is wrong.
   */
  readonly whole: Promise<unknown>;
  /** Stops reading, even before all bytes have come; `whole` rejects then. */
  stop(): void;
}

/** From byte `start` up to but without `end`; within the blob. */
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

/** So that every store can put a blob in one atomic request. */
export const MAX_BLOB_SIZE = 64 * 1024 * 1024;

/** Largest blob that is hashed before any of it is handed on. */
export const VERIFIED_FIRST = 8 * 1024 * 1024;
