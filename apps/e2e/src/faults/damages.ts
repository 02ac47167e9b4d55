import type { RawBucket } from './raw-bucket.ts';

/** Replacement bytes for an object; undefined: none. */
type Damage = (bytes: Uint8Array, other: Uint8Array) => Uint8Array | undefined;

export const BLOB_DAMAGES: Readonly<Record<string, Damage>> = {
  'a flipped bit': (bytes) => bytes.with(-1, 1 ^ (bytes.at(-1) ?? 0)),
  'bytes of another blob': (_, other) => other,
  'a cut end': (bytes) => bytes.subarray(0, -1),
  'no object': () => undefined,
};

/** A record has no checksum: this change makes it unreadable. */
export const RECORD_DAMAGES: Readonly<Record<string, Damage>> = {
  'a flipped bit': (bytes) => bytes.with(1, 1 ^ (bytes[1] ?? 0)),
  'no bytes': () => new Uint8Array(0),
  'a cut end': (bytes) => bytes.subarray(0, bytes.length >> 1),
  'no object': () => undefined,
};

/** Changes an object in the store directly, without any check. */
export async function damageObject(
  bucket: RawBucket,
  key: string,
  damage: Damage | undefined,
  other: Uint8Array = new TextEncoder().encode('another blob'),
): Promise<void> {
  const now = damage?.(await bucket.get(key), other);
  if (now) await bucket.put(key, now);
  else await bucket.remove(key);
}

export function blobKey(sha256: string): string {
  return `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`;
}

export function recordKey(buildId: string): string {
  return `kernels/${buildId.slice(0, 2)}/${buildId}/record.json`;
}
