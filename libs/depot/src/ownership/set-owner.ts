import { isDeepStrictEqual } from 'node:util';
import { claimedArtifacts, type KernelRecord, type Owner } from '@btf-depot/contracts';
import { judgedParts } from './claim-others.ts';
import { unknownKernel, vanished } from '../errors.ts';
import { standingOf } from './ownership.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from '../record/update-record.ts';

export interface OwnerChange {
  principal: string;
  /** Principals that may send carriers; absent: unchanged. */
  signers?: readonly string[] | undefined;
  /** Parts of others become claims, and their carriers are removed. */
  distrust?: boolean | undefined;
}

/**
 * Gives a kernel to a principal: an operator's decision, which only an upload with `replace`
 * overrules. Uploads of the new owner replace the parts of others; until then these stay published.
 *
 * @throws DepotError `unknown-build-id`, `newer-schema`.
 */
export async function setOwner(
  records: RecordStore,
  buildId: string,
  change: OwnerChange,
): Promise<KernelRecord> {
  const { record } = await updateRecord(records, buildId, (current) => {
    if (!current) throw unknownKernel(buildId);
    return ownedRecord(current, change);
  });
  if (!record) throw vanished(buildId);
  return record;
}

function ownedRecord(
  current: KernelRecord,
  { principal, signers, distrust }: OwnerChange,
): KernelRecord | undefined {
  const { before } = standingOf(current);
  const kept = current.owner?.principal === principal ? current.owner.signers : undefined;
  const named = signers ?? kept ?? [];
  const owner: Owner = { principal, rank: 'assigned' };
  if (named.length > 0) owner.signers = [...named];
  const judged = judgedParts(current, ({ by = before.principal, claimed }) => {
    const isTheirs = by === principal || (!distrust && !claimed);
    return isTheirs ? { by } : { by, claimed: true };
  });
  const next: KernelRecord = { ...judged, owner };
  delete next.claimant;
  const publishes = (record: KernelRecord) => [
    claimedArtifacts(record),
    Object.keys(record.carrier?.given ?? {}),
  ];
  const isDue = !isDeepStrictEqual(publishes(next), publishes(current));
  if (isDue && current.state !== 'withdrawn') {
    next.revision = current.revision + 1;
    next.state = 'compressing';
    delete next.failure;
    delete next.progress;
  }
  return isDeepStrictEqual(next, current) ? undefined : next;
}
