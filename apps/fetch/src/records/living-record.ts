import { isBuildId, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, refuseWithdrawn } from '@btf-depot/depot';
import type { RecentRecords } from './recent-records.ts';

/** @throws DepotError `bad-build-id`, `unknown-build-id`, `withdrawn`. */
export async function livingRecord(records: RecentRecords, buildId: string): Promise<KernelRecord> {
  if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
  const record = await records.get(buildId);
  refuseWithdrawn(record);
  return record;
}
