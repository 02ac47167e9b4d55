import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import {
  RecordConflict,
  UnreadableRecord,
  type RecordStore,
  type StoredRecord,
} from '../ports/record-store.ts';

/**
 * Reads a record, passes it to `change`, and writes the result by compare-and-swap; starts again if
 * another process was first. `change` may run several times and must not mutate.
 *
 * A malformed record counts as none, and is replaced under a higher revision; its bytes are set
 * aside.
 *
 * @param change returns the new record, or undefined to leave it unchanged; `unreadable` is set if
 *   `current` is undefined because the record is malformed, `damage` if fields of it were left out.
 * @returns the record afterwards (undefined: none), and whether this call wrote it.
 * @throws DepotError `newer-schema` rather than overwrite a record of a newer version.
 */
export async function updateRecord(
  records: RecordStore,
  buildId: string,
  change: (
    current: KernelRecord | undefined,
    found: { unreadable?: UnreadableRecord | undefined; damage?: StoredRecord['damage'] },
  ) => KernelRecord | undefined,
): Promise<{ record: KernelRecord | undefined; written: boolean }> {
  for (;;) {
    const stored = await readOrReplace(records, buildId);
    const changed = change(stored?.record, stored ?? {});
    if (!changed) {
      if (stored?.unreadable) throw stored.unreadable;
      return { record: stored?.record, written: false };
    }
    const least = stored?.unreadable ? revisionAfter(stored.unreadable) : 1;
    const next = { ...changed, revision: Math.max(changed.revision, least) };
    if (stored?.record && stored.record.schema > RECORD_SCHEMA) {
      throw new DepotError(
        'newer-schema',
        `the record of ${buildId} has schema ${stored.record.schema}, and this version writes ${RECORD_SCHEMA}; upgrade this process`,
      );
    }
    const { unreadable } = stored ?? {};
    if (unreadable) await records.aside.keep(buildId, unreadable.version);
    try {
      await records.put(next, stored?.version);
      return { record: next, written: true };
    } catch (error) {
      if (!(error instanceof RecordConflict)) throw error;
    }
  }
}

/**
 * Above every revision that the unreadable bytes may have had: devices accept no older one. Folders
 * count the writes of a record, of which each revision is one or more; an ETag says nothing, and the
 * minutes since 1970 are more than any count.
 */
function revisionAfter({ revision, version }: UnreadableRecord): number {
  if (revision !== undefined) return revision + 1;
  return (/^\d+$/.test(version) ? Number(version) : Math.floor(Date.now() / 60_000)) + 1;
}

async function readOrReplace(
  records: RecordStore,
  buildId: string,
): Promise<
  (Partial<StoredRecord> & { version: string; unreadable?: UnreadableRecord }) | undefined
> {
  try {
    return await records.get(buildId);
  } catch (error) {
    if (!(error instanceof UnreadableRecord) || error.code === 'newer-schema') throw error;
    return { version: error.version, unreadable: error };
  }
}
