import type { Clock } from '../ports/clock.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from './update-record.ts';
import { tombstone } from './withdraw.ts';

/**
 * Sets aside a malformed record of this schema or an older one: its bytes are kept, and a new
 * upload of the kernel restores it. Records of a newer schema are never touched.
 * @returns whether there was one.
 * @throws DepotError `newer-schema`.
 */
export async function setAside(
  { records, clock }: { records: RecordStore; clock: Clock },
  buildId: string,
): Promise<boolean> {
  const at = clock.now().toISOString();
  const reason = 'its record was damaged; send the kernel again';
  let found = false;
  await updateRecord(records, buildId, (_current, { unreadable }) => {
    found = unreadable !== undefined;
    if (!unreadable) return undefined;
    // A kernel that was withdrawn stays so; its public reason is lost.
    if (unreadable.isWithdrawn) return tombstone(buildId, { reason: 'its record was damaged', at });
    return tombstone(buildId, { reason, at, expired: true });
  });
  return found;
}
