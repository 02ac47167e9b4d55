import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';

export interface StoredRecord {
  record: KernelRecord;
  /** What is wrong with fields that were malformed and are left out; absent: none is. */
  damage?: readonly string[] | undefined;
  /** Opaque; changes with every write that changes the record. */
  version: string;
}

/** Kernel records by build ID, replaced by compare-and-swap. */
export interface RecordStore {
  /** @throws UnreadableRecord if something lies there that is no record. */
  get(buildId: string): Promise<StoredRecord | undefined>;
  /**
   * Resolves once the record is durable.
   * @param expected the version that it replaces; undefined: there must be none yet.
   * @returns the new version.
   * @throws RecordConflict where the store holds another version, or none; before anything is
   *   written, ZodError for a record that could not be read again.
   */
  put(record: KernelRecord, expected: string | undefined): Promise<string>;
  /** Every record's build ID and version, without reading the records; in no stated order. */
  list(): AsyncIterable<{ buildId: string; version: string }>;
  /** Malformed records that made way: their bytes are kept for operators. */
  readonly aside: RecordsAside;
}

export interface RecordsAside {
  /** Resolves once a copy of what lies under this version is kept; the record itself stays. */
  keep(buildId: string, version: string): Promise<void>;
  list(): AsyncIterable<RecordAside>;
}

export interface RecordAside {
  buildId: string;
  version: string;
  bytes: Uint8Array;
}

/** Somebody else wrote the record first: read it again and decide anew. */
export class RecordConflict extends Error {
  override readonly name = 'RecordConflict';

  constructor(buildId: string) {
    super(`the record of ${buildId} changed meanwhile; retry`);
  }
}

/** What the store has under a build ID is no record, or one of a newer version. */
export class UnreadableRecord extends DepotError {
  /** Of the bytes that cannot be read: with it they can be replaced. */
  readonly version: string;
  /** What they say their revision is. */
  readonly revision: number | undefined;

  constructor(
    buildId: string,
    version: string,
    { why, isNewer, revision }: { why: string; isNewer: boolean; revision?: number | undefined },
  ) {
    super(
      isNewer ? 'newer-schema' : 'damaged-record',
      isNewer
        ? `the record of ${buildId} was written by a newer version: ${why}`
        : `the stored record of ${buildId} is malformed: ${why}; send the kernel again to replace it`,
    );
    this.version = version;
    this.revision = revision;
  }
}
