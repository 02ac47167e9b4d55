import type { Clock } from '../ports/clock.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from './update-record.ts';
import { tombstone } from './withdraw.ts';

/**
 * Sets a malformed record of this schema or an older one aside: its bytes are kept, and whoever
 * sends the kernel again brings it back. One of a newer schema is never touched.
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
    return found ? tombstone(buildId, { reason, at, expired: true }) : undefined;
  });
  return found;
}
