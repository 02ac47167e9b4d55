import { DepotError } from '@btf-depot/depot';

/**
 * Runs what writes files beside the store; where the disk, or somebody's share of it, is full, that
 * is `disk-full`: it may not have been so when the work began.
 */
export async function tellingFullDisk<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (cause) {
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw cause;
    throw new DepotError('disk-full', 'the disk became full', { cause });
  }
}
