import type { KernelRecord } from '@btf-depot/contracts';
import { unknownKernel } from '../errors.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from '../record/update-record.ts';
import { LOST_PART } from './heal/settle-loss.ts';

/**
 * Compresses a `failed` kernel again, under the same, unpublished revision. The sweeper adds the
 * job.
 *
 * A record with malformed fields is written without them, under a new revision. A kernel that lost a
 * part stays: only its file heals it.
 *
 * @returns false if the kernel is unchanged.
 * @throws DepotError `unknown-build-id`, `newer-schema`.
 */
export async function requeue(records: RecordStore, buildId: string): Promise<boolean> {
  const { record, written } = await updateRecord(records, buildId, (current, { damage }) => {
    const hasFailed = current?.state === 'failed' && current.failure?.code !== LOST_PART;
    const isDue = hasFailed || (damage && current?.state !== 'withdrawn');
    if (!current || !isDue) return undefined;
    const revision = current.revision + (damage ? 1 : 0);
    const next: KernelRecord = { ...current, revision, state: 'compressing' };
    delete next.failure;
    return next;
  });
  if (!record) throw unknownKernel(buildId);
  return written;
}
