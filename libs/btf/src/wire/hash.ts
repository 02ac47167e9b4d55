// Hashes are signed: V8 boxes larger numbers until a loop is optimised.

// Names and types are untrusted: nobody can cause collisions without knowing the start.
const SEED = crypto.getRandomValues(new Uint32Array(1))[0];

/** FNV-1a with a final mix, so that the low bits, which tables use, depend on every byte. */
export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ SEED;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash ^ (hash >>> 15);
}

/** The same for the bytes from `from` up to a NUL, which must exist. */
export function hashCString(bytes: Uint8Array, from: number): number {
  let hash = 0x811c9dc5 ^ SEED;
  for (let i = from, byte = bytes[i]; byte !== 0; byte = bytes[++i]) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash ^ (hash >>> 15);
}

/** One more word of a hash that starts with `HASH_START`; the high bits of a word count as well. */
export function hashWord(hash: number, word: number): number {
  hash = Math.imul(hash ^ word, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

export const HASH_START = SEED | 0;
