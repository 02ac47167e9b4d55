import { MAX_BLOB_SIZE } from '@btf-depot/depot';

/** @throws RangeError over the limit of the port; callers split or refuse before they get here. */
export function checkBlobSize(bytes: Uint8Array): void {
  if (bytes.length > MAX_BLOB_SIZE) {
    throw new RangeError(`the blob has ${bytes.length} bytes; the limit is ${MAX_BLOB_SIZE}`);
  }
}
