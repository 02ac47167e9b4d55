import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';

export interface StoredRecord {
  record: KernelRecord;
  /** Faults of malformed fields that are left out; absent: none. */
  damage?: readonly string[] | undefined;
  /** Opaque; changes with every write that changes the record. */
  version: string;
}

/** Kernel records by build ID, replaced by compare-and-swap. */
export interface RecordStore {
  /** @throws UnreadableRecord if the stored bytes are not a record. */
  get(buildId: string): Promise<StoredRecord | undefined>;
  /**
   * Resolves once the record is durable.
   * @param expected the version that it replaces; undefined: there must be none.
   * @returns the new version.
   * @throws RecordConflict if the store holds another version, or none; before anything is written,
   *   ZodError for a record that could not be read again.
   */
  put(record: KernelRecord, expected: string | undefined): Promise<string>;
  /** Build ID and version of every record, without reading the records; in no particular order. */
  list(): AsyncIterable<{ buildId: string; version: string }>;
  /** Malformed records set aside: their bytes are kept for operators. */
  readonly aside: RecordsAside;
}

export interface RecordsAside {
  /** Resolves once a copy of this version is kept; the record itself stays. */
  keep(buildId: string, version: string): Promise<void>;
  list(): AsyncIterable<RecordAside>;
  /** Resolves once the copy is gone, or if there was none. */
  remove(buildId: string, version: string): Promise<void>;
}

export interface RecordAside {
  buildId: string;
  version: string;
  bytes: Uint8Array;
}

/** Another process wrote the record first: read it again and decide again. */
export class RecordConflict extends Error {
  override readonly name = 'RecordConflict';

  constructor(buildId: string) {
    super(`the record of ${buildId} changed meanwhile; retry`);
  }
}

interface UnreadableBytes {
  why: string;
  isNewer: boolean;
  revision?: number | undefined;
  isWithdrawn?: boolean | undefined;
}

/** The stored bytes are not a record, or one of a newer version. */
export class UnreadableRecord extends DepotError {
  /** Version of the unreadable bytes: needed to replace them. */
  readonly version: string;
  /** Their revision, if readable. */
  readonly revision: number | undefined;
  /** They say that the kernel is withdrawn. */
  readonly isWithdrawn: boolean;

  constructor(
    buildId: string,
    version: string,
    { why, isNewer, revision, isWithdrawn }: UnreadableBytes,
  ) {
    super(
      isNewer ? 'newer-schema' : 'damaged-record',
      isNewer
        ? `the record of ${buildId} was written by a newer version: ${why}`
        : `the stored record of ${buildId} is malformed: ${why}; send the kernel again to replace it`,
    );
    this.version = version;
    this.revision = revision;
    this.isWithdrawn = isWithdrawn === true;
  }
}
