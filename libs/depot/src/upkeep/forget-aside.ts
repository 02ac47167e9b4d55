import type { RecordAside, RecordStore } from '../ports/record-store.ts';

/** `healed`: records of kernels that were sent again; `all`: their bytes are of no more use. */
export type WhichAside = 'healed' | 'all';

/**
 * Deletes malformed records that were set aside; afterwards the blobs that only they name can be
 * collected.
 * @param options.dryRun delete nothing.
 * @returns what is deleted.
 */
export async function forgetAside(
  records: RecordStore,
  which: WhichAside,
  { dryRun }: { dryRun: boolean },
): Promise<Pick<RecordAside, 'buildId' | 'version'>[]> {
  const forgotten: Pick<RecordAside, 'buildId' | 'version'>[] = [];
  for await (const { buildId, version } of records.aside.list()) {
    if (which === 'healed' && !(await wasSentAgain(records, buildId))) continue;
    if (!dryRun) await records.aside.remove(buildId, version);
    forgotten.push({ buildId, version });
  }
  return forgotten;
}

async function wasSentAgain(records: RecordStore, buildId: string): Promise<boolean> {
  const stored = await records.get(buildId).catch(() => undefined);
  return stored !== undefined && stored.record.state !== 'withdrawn';
}
