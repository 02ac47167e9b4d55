import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { RecordConflict, type RecordStore } from '../ports/record-store.ts';

/**
 * Reads a record, lets `change` say what it becomes, and writes that by compare-and-swap; again
 * from the start when somebody else was first. `change` may run several times and must not mutate.
 *
 * @param change returns the new record, or undefined to leave it as it is.
 * @returns the record as it stands afterwards (undefined: there is none), and whether this wrote it.
 * @throws DepotError `newer-schema` instead of writing over a record of a newer version.
 */
export async function updateRecord(
  records: RecordStore,
  buildId: string,
  change: (current: KernelRecord | undefined) => KernelRecord | undefined,
): Promise<{ record: KernelRecord | undefined; written: boolean }> {
  for (;;) {
    const stored = await records.get(buildId);
    const next = change(stored?.record);
    if (!next) return { record: stored?.record, written: false };
    if (stored && stored.record.schema > RECORD_SCHEMA) {
      throw new DepotError(
        'newer-schema',
        `the record of ${buildId} has schema ${stored.record.schema}, this version writes ${RECORD_SCHEMA}`,
      );
    }
    try {
      await records.put(next, stored?.version);
      return { record: next, written: true };
    } catch (error) {
      if (!(error instanceof RecordConflict)) throw error;
    }
  }
}
