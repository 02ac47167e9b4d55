import { DepotError } from '../errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';

/** The blob; for whoever can do without one that is damaged, that is a value. */
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
