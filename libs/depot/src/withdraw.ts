import type { KernelRecord, Withdrawal } from '@btf-depot/contracts';
import { DepotError } from './errors.ts';
import type { RecordStore } from './ports/record-store.ts';
import { updateRecord } from './update-record.ts';

/**
 * Withdraws a kernel: from now on it is answered with the public reason, no job publishes anything
 * of it, and only an upload that may restore it brings it back. Its blobs are garbage from then
 * on. Withdrawn again, it has the new reason.
 *
 * @throws DepotError `unknown-build-id`, `newer-schema`.
 */
export async function withdraw(
  records: RecordStore,
  buildId: string,
  withdrawal: Withdrawal,
): Promise<KernelRecord> {
  const { record } = await updateRecord(records, buildId, (current) => {
    if (!current) throw new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
    return withdrawnRecord(current, withdrawal);
  });
  if (!record) throw new DepotError('internal', `the record of ${buildId} vanished`);
  return record;
}

/** What the record of a kernel becomes when it is withdrawn. */
export function withdrawnRecord(current: KernelRecord, withdrawal: Withdrawal): KernelRecord {
  const next: KernelRecord = { ...current, state: 'withdrawn', artifacts: {}, withdrawal };
  delete next.failure;
  delete next.readyAt;
  delete next.keptUntil;
  delete next.progress;
  return next;
}

/** @throws DepotError `withdrawn`, with the public reason, where the kernel is withdrawn. */
export function refuseWithdrawn({ buildId, state, withdrawal }: KernelRecord): void {
  if (state !== 'withdrawn') return;
  const reason = withdrawal ? `: ${withdrawal.reason}` : '';
  throw new DepotError('withdrawn', `${buildId} was withdrawn${reason}`);
}
