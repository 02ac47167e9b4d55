import { DepotError } from '../errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';

/** The blob; a damaged one is a value, for callers that can continue without it. */
export async function soundBytes(
  blobs: BlobStore,
  sha256: string,
): Promise<Uint8Array | 'damaged' | undefined> {
  try {
    return await blobs.get(sha256);
  } catch (error) {
    if (error instanceof DepotError && error.code === 'damaged-blob') return 'damaged';
    throw error;
  }
}
