/** Immutable bytes by their SHA-256. A blob is at most `MAX_BLOB_SIZE` bytes and is put whole. */
export interface BlobStore {
  /**
   * Resolves once the bytes are durable. The caller vouches for the hash.
   * @returns whether they were written now; false where they were there already.
   */
  put(sha256: string, bytes: Uint8Array): Promise<{ created: boolean }>;
  /** @returns the whole blob, or undefined where there is none. */
  get(sha256: string): Promise<Uint8Array | undefined>;
  has(sha256: string): Promise<boolean>;
  /** Rejects where the store cannot be reached: for readiness. */
  check(): Promise<void>;
}

/** So that every store can put a blob whole, in one request that is all or nothing. */
export const MAX_BLOB_SIZE = 64 * 1024 * 1024;
