import type { KernelRecord } from '@btf-depot/contracts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from '../record/update-record.ts';
import { withdrawnRecord } from '../record/withdraw.ts';

/** Milliseconds for which a claim of an upstream is kept if nothing better follows. */
export const PROVISIONAL_MS = 3600 * 1000;

/** Whether all that is known of a kernel is BTF whose build ID only an upstream has stated. */
export function isProvisional({ owner, claimant, keptUntil, state }: KernelRecord): boolean {
  return (
    !owner && claimant?.rank === 'upstream' && keptUntil !== undefined && state !== 'withdrawn'
  );
}

/** Whether the kernel was fetched, and nobody has sent it since. */
export function isPulled({ owner, claimant }: KernelRecord): boolean {
  return (owner ?? claimant)?.rank === 'upstream';
}

/** Whether a kernel that is asked for is to be fetched: there is none, or less than there may be. */
export function isToBePulled(record: KernelRecord | undefined): boolean {
  return !record || record.withdrawal?.expired === true || isProvisional(record);
}

/** Withdraws what only that principal claims; an upload, or another upstream, brings it back. */
export async function withdrawProvisional(
  records: RecordStore,
  buildId: string,
  principal: string,
  reason: string,
  now: Date,
): Promise<boolean> {
  const { written } = await updateRecord(records, buildId, (current) => {
    if (!current || !isProvisional(current) || current.claimant?.principal !== principal) {
      return undefined;
    }
    return withdrawnRecord(current, { reason, at: now.toISOString(), expired: true });
  });
  return written;
}
