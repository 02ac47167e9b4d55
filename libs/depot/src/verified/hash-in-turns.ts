import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/**
 * Bytes hashed in one turn of the event loop: 1.5 ms. WebCrypto has a thread for it, but copies the
 * bytes first, which took longer than hashing them, and refuses shared memory.
 */
export const TURN = 1024 * 1024;

/** SHA-256 as in the names of blobs. Large buffers do not block the event loop. */
export async function sha256InTurns(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += TURN) {
    if (at > 0) await setImmediate();
    hash.update(bytes.subarray(at, at + TURN));
  }
  return hash.digest('hex');
}
