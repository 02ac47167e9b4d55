import { isBuildId, isSha256 } from '@btf-depot/contracts';
import { BadName } from './errors.ts';

/**
 * Where things lie, the same in a bucket and in a folder. Names become part of a path here, so
 * this is also where anything that is not a hash or a build ID ends: `BadName`.
 */
export function blobKey(sha256: string): string {
  if (!isSha256(sha256)) throw new BadName('bad-hash', 'not a SHA-256 in lowercase hexadecimal');
  return `${BLOBS}/${sha256.slice(0, 2)}/${sha256}`;
}

/** What belongs to one kernel lies below this key. */
export function kernelKey(buildId: string): string {
  if (!isBuildId(buildId)) throw new BadName('bad-build-id', 'not a build ID');
  return `${KERNELS}/${buildId.slice(0, 2)}/${buildId}`;
}

/** A note that a blob was found to be damaged or lost. */
export function damageKey(sha256: string): string {
  if (!isSha256(sha256)) throw new BadName('bad-hash', 'not a SHA-256 in lowercase hexadecimal');
  return `${DAMAGED}/${sha256}`;
}

/** The bytes of a malformed record that made way to another. */
export function asideKey(buildId: string, version: string): string {
  if (!isBuildId(buildId)) throw new BadName('bad-build-id', 'not a build ID');
  return `${RECORDS_ASIDE}/${buildId}.${version}.json`;
}

/** @returns what the name of such a file or object says. */
export function asideOf(name: string): { buildId: string; version: string } | undefined {
  const [, buildId = '', version = ''] = /^([0-9a-f]+)\.([\w-]+)\.json$/.exec(name) ?? [];
  return isBuildId(buildId) ? { buildId, version } : undefined;
}

export const BLOBS = 'blobs/sha256';
export const KERNELS = 'kernels';
/** Reserved: notes of blobs, and a folder of records. */
export const DAMAGED = 'damaged';
export const RECORDS_ASIDE = `${DAMAGED}/records`;

/** What is written to see whether anything can be; nothing here is of any kernel. */
export const PROBES = 'probes';

/** A page: what has no bytes fits on a full disk. */
export const PROBE_SIZE = 4096;
