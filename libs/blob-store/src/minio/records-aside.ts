import type { RecordAside, RecordsAside } from '@btf-depot/depot';
import { asideKey, asideOf, RECORDS_ASIDE } from '../layout.ts';
import type { Bucket } from './bucket.ts';

/** Malformed records as objects `damaged/records/<build ID>.<ETag>.json`. */
export class MinioRecordsAside implements RecordsAside {
  readonly #bucket: Bucket;
  readonly #keyOf: (buildId: string) => string;

  /** @param keyOf the object of a record. */
  constructor(bucket: Bucket, keyOf: (buildId: string) => string) {
    this.#bucket = bucket;
    this.#keyOf = keyOf;
  }

  async keep(buildId: string, version: string): Promise<void> {
    const found = await this.#bucket.get(this.#keyOf(buildId));
    if (found?.etag !== version) return;
    await this.#bucket.put(asideKey(buildId, version), found.bytes, { 'If-None-Match': '*' });
  }

  async remove(buildId: string, version: string): Promise<void> {
    await this.#bucket.delete(asideKey(buildId, version));
  }

  async *list(): AsyncIterable<RecordAside> {
    for await (const { key } of this.#bucket.list(`${RECORDS_ASIDE}/`)) {
      const found = asideOf(key.slice(RECORDS_ASIDE.length + 1));
      const stored = found && (await this.#bucket.get(key));
      if (stored) yield { ...found, bytes: stored.bytes };
    }
  }
}
