import type { KernelRecord } from '@btf-depot/contracts';

export interface StoredRecord {
  record: KernelRecord;
  /** Opaque; changes with every write that changes the record. */
  version: string;
}

/** Kernel records by build ID, replaced by compare-and-swap. */
export interface RecordStore {
  get(buildId: string): Promise<StoredRecord | undefined>;
  /**
   * Resolves once the record is durable.
   * @param expected the version that it replaces; undefined: there must be none yet.
   * @returns the new version.
   * @throws RecordConflict where the store holds another version, or none.
   */
  put(record: KernelRecord, expected: string | undefined): Promise<string>;
  /** Every record's build ID and version, without reading the records; in no stated order. */
  list(): AsyncIterable<{ buildId: string; version: string }>;
}

/** Somebody else wrote the record first: read it again and decide anew. */
export class RecordConflict extends Error {
  override readonly name = 'RecordConflict';

  constructor(buildId: string) {
    super(`the record of ${buildId} was changed meanwhile`);
  }
}
