import { encodeRecord, isBuildId, type KernelRecord } from '@btf-depot/contracts';
import { RecordConflict, type RecordStore, type StoredRecord } from '@btf-depot/depot';
import { kernelKey, KERNELS } from '../layout.ts';
import { readRecord } from '../record-bytes.ts';
import type { Bucket } from './bucket.ts';
import { MinioRecordsAside } from './records-aside.ts';

/** Records as objects `kernels/7f/7f76…/record.json`; the ETag is the version. */
export class MinioRecordStore implements RecordStore {
  readonly aside: MinioRecordsAside;
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
    this.aside = new MinioRecordsAside(bucket, recordKey);
  }

  async get(buildId: string): Promise<StoredRecord | undefined> {
    const found = await this.#bucket.get(recordKey(buildId));
    return found && readRecord(buildId, found.bytes, found.etag);
  }

  async put(record: KernelRecord, expected: string | undefined): Promise<string> {
    const { buildId } = record;
    const key = recordKey(buildId);
    // `If-Match: *` would match any version, and a string that is not an ETag may be no valid
    // header.
    if (expected !== undefined && !/^[\w-]+$/.test(expected)) throw new RecordConflict(buildId);
    const etag = await this.#bucket.put(
      key,
      encodeRecord(record),
      expected === undefined ? { 'If-None-Match': '*' } : { 'If-Match': `"${expected}"` },
    );
    if (etag === undefined) throw new RecordConflict(buildId);
    return etag;
  }

  async *list(): AsyncIterable<{ buildId: string; version: string }> {
    for await (const { key, etag } of this.#bucket.listByDigit(`${KERNELS}/`)) {
      const buildId = key.split('/')[2];
      if (buildId !== undefined && isBuildId(buildId) && key === recordKey(buildId)) {
        yield { buildId, version: etag };
      }
    }
  }
}

function recordKey(buildId: string): string {
  return `${kernelKey(buildId)}/record.json`;
}
