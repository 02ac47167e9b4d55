import { DepotError } from '@btf-depot/depot';

/**
 * Runs an action that writes files beside the store. A full disk or quota becomes `disk-full`:
 * there may have been room when the work began.
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
