import { openRecord } from '@btf-depot/contracts';
import { UnreadableRecord, type StoredRecord } from '@btf-depot/depot';

/** @throws UnreadableRecord if the stored bytes are not the record of this build ID. */
export function readRecord(buildId: string, bytes: Uint8Array, version: string): StoredRecord {
  const opened = openRecord(bytes);
  if (!opened.record) throw new UnreadableRecord(buildId, version, opened);
  const { record, damage } = opened;
  if (record.buildId !== buildId) {
    const why = `it is the record of ${record.buildId}`;
    throw new UnreadableRecord(buildId, version, { why, isNewer: false });
  }
  return damage ? { record, version, damage } : { record, version };
}
