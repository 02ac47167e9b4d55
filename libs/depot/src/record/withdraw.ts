import {
  RECORD_SCHEMA,
  withoutUndefined,
  type KernelRecord,
  type Loose,
  type Withdrawal,
} from '@btf-depot/contracts';
import { unknownKernel, vanished } from '../errors.ts';
import { judgeWithdrawal, type Actor } from '../ownership/ownership.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from './update-record.ts';

/**
 * Withdraws a kernel: from then on requests get the public reason, no job publishes it, and only an
 * upload with `restore` brings it back. Its blobs become garbage. A second withdrawal replaces the
 * reason.
 *
 * @param actor absent: an operator at the store.
 * @throws DepotError `unknown-build-id`, `forbidden`, `newer-schema`.
 */
export async function withdraw(
  records: RecordStore,
  buildId: string,
  says: Loose<Withdrawal>,
  actor?: Actor,
): Promise<KernelRecord> {
  const withdrawal = withoutUndefined<Withdrawal>(says);
  const { record } = await updateRecord(records, buildId, (current, { unreadable }) => {
    // Only an operator withdraws a record that no longer names its owner.
    if (unreadable && !actor) return tombstone(buildId, withdrawal);
    if (unreadable) throw unreadable;
    if (!current) throw unknownKernel(buildId);
    if (actor) judgeWithdrawal(current, actor);
    return withdrawnRecord(current, withdrawal);
  });
  if (!record) throw vanished(buildId);
  return record;
}

/**
 * The record of a withdrawn kernel. It stays for ever, so it is small: kernel, core, sender and
 * reason, without parts.
 */
export function withdrawnRecord(current: KernelRecord, withdrawal: Withdrawal): KernelRecord {
  const kept = Object.entries(current).filter(([field]) => !GONE.has(field));
  const tombstone = { state: 'withdrawn', parts: {}, artifacts: {}, withdrawal } as const;
  return { ...(Object.fromEntries(kept) as KernelRecord), ...tombstone };
}

const GONE: ReadonlySet<string> = new Set<keyof KernelRecord>([
  ...(['carrier', 'packing', 'levels', 'encoder', 'progress', 'failure'] as const),
  ...(['readyAt', 'unannounced', 'keptUntil'] as const),
]);

/** For a kernel of which nothing else is known any more. */
export function tombstone(buildId: string, withdrawal: Withdrawal): KernelRecord {
  return {
    schema: RECORD_SCHEMA,
    buildId,
    revision: 1,
    state: 'withdrawn',
    withdrawal,
    endian: 'little',
    delivery: 'module',
    parts: {},
    artifacts: {},
    sources: [],
    core: { sha256: '0'.repeat(64), size: 0, types: 0, origin: 'verbatim' },
    uploadedAt: withdrawal.at,
  };
}
