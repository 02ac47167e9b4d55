import type { KernelRecord } from '@btf-depot/contracts';
import { refuseWithdrawn, requireBuildId } from '@btf-depot/depot';
import type { RecentRecords } from './recent-records.ts';

/** @throws DepotError `bad-build-id`, `unknown-build-id`, `withdrawn`. */
export async function livingRecord(records: RecentRecords, buildId: string): Promise<KernelRecord> {
  requireBuildId(buildId);
  const record = await records.get(buildId);
  refuseWithdrawn(record);
  return record;
}
