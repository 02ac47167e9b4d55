import { kernelPath, STATIC_INDEX, STATIC_RECORD } from '@btf-depot/contracts';

/** Paths of an export, below its folder: clients' paths of a depot, as files. */
export const KERNELS = 'v1/kernels';
export const BLOBS = 'v1/blobs/sha256';
export const KEYS = 'v1/keys';
export const SUMS = 'SHA256SUMS';
export const INDEX = STATIC_INDEX.slice(1);

/** Unfinished files, and the lock. */
export const UNFINISHED = '.unfinished';
export const LOCK = '.lock';

export const kernelFolder = (buildId: string) => kernelPath(buildId).slice(1);
export const recordFile = (buildId: string) => `${kernelFolder(buildId)}/${STATIC_RECORD}`;
export const blobFile = (sha256: string) => `${BLOBS}/${sha256}`;
