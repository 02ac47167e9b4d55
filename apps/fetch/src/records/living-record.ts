import { isBuildId, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, refuseWithdrawn } from '@btf-depot/depot';
import type { RecentRecords } from './recent-records.ts';

/** @throws DepotError `bad-build-id`, `unknown-build-id`, `withdrawn`. */
export async function livingRecord(records: RecentRecords, buildId: string): Promise<KernelRecord> {
  if (!isBuildId(buildId))
    throw new DepotError(
      'bad-build-id',
      'a build ID is 8 to 128 lowercase hexadecimal digits, two per byte',
    );
  const record = await records.get(buildId);
  refuseWithdrawn(record);
  return record;
}
