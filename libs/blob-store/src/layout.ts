import { isBuildId, isSha256 } from '@btf-depot/contracts';
import { BadName } from './errors.ts';

/**
 * Keys, the same in a bucket and in a folder. Names become part of a path here, so anything that is
 * not a hash or a build ID is refused here: `BadName`.
 */
export function blobKey(sha256: string): string {
  if (!isSha256(sha256)) throw new BadName('bad-hash', 'not a SHA-256 in lowercase hexadecimal');
  return `${BLOBS}/${sha256.slice(0, 2)}/${sha256}`;
}

/** Everything of one kernel is below this key. */
export function kernelKey(buildId: string): string {
  if (!isBuildId(buildId)) throw new BadName('bad-build-id', 'not a build ID');
  return `${KERNELS}/${buildId.slice(0, 2)}/${buildId}`;
}

/** A note that a blob is damaged or lost. */
export function damageKey(sha256: string): string {
  if (!isSha256(sha256)) throw new BadName('bad-hash', 'not a SHA-256 in lowercase hexadecimal');
  return `${DAMAGED}/${sha256}`;
}

/** A note of when a kernel was last asked for. */
export function askedKey(buildId: string): string {
  if (!isBuildId(buildId)) throw new BadName('bad-build-id', 'not a build ID');
  return `${ASKED}/${buildId}`;
}

/** The bytes of a malformed record that was set aside. */
export function asideKey(buildId: string, version: string): string {
  if (!isBuildId(buildId)) throw new BadName('bad-build-id', 'not a build ID');
  return `${RECORDS_ASIDE}/${buildId}.${version}.json`;
}

/** @returns the hash or build ID in the name of such a file or object. */
export function asideOf(name: string): { buildId: string; version: string } | undefined {
  const [, buildId = '', version = ''] = /^([0-9a-f]+)\.([\w-]+)\.json$/.exec(name) ?? [];
  return isBuildId(buildId) ? { buildId, version } : undefined;
}

export const BLOBS = 'blobs/sha256';
export const KERNELS = 'kernels';
/** Reserved: notes of blobs, and a folder of records. */
export const DAMAGED = 'damaged';
export const RECORDS_ASIDE = `${DAMAGED}/records`;
/** Reserved: notes of kernels that were fetched from upstreams. */
export const ASKED = 'asked';

/** Written to test whether writes work; belongs to no kernel. */
export const PROBES = 'probes';

/** A page: an empty file would fit on a full disk. */
export const PROBE_SIZE = 4096;
