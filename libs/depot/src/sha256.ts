import { createHash } from 'node:crypto';

/** Lowercase hexadecimal, as blobs are named. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
