import { SingleFlight } from '../concurrency/single-flight.ts';
import { DepotError } from '../errors.ts';
import { storedBytes } from '../record/blobs-in-records.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { RecordIndex } from '../record/record-index.ts';
import type { TokenHolder } from './token-guard.ts';

/** Bytes in the store for the kernels of each token: a kernel counts for its first sender. */
export class StorageShare {
  readonly #index: RecordIndex<{ uploader: string | undefined; bytes: number }>;
  readonly #refreshes = new SingleFlight(() => this.#refresh());

  constructor(records: RecordStore) {
    this.#index = new RecordIndex(records, {
      keep: (record) => ({
        uploader: record.sources[0]?.uploader,
        bytes: storedBytes(record),
      }),
    });
  }

  /**
   * Lists the records; simultaneous callers share one listing. Costs nothing for a token without a
   * limit. Simultaneous uploads may exceed the limit by their size.
   *
   * @throws DepotError `storage-exceeded`; the errors of reading a record.
   */
  async check({ id, storage }: TokenHolder): Promise<void> {
    if (storage === undefined) return;
    await this.#refreshes.run();
    let used = 0;
    for (const { uploader, bytes } of this.#index) if (uploader === id) used += bytes;
    if (used < storage) return;
    const detail = `the kernels of this token use ${used} bytes; its limit is ${storage}`;
    throw new DepotError('storage-exceeded', detail);
  }

  #refresh(): Promise<void> {
    return this.#index.refresh((_buildId, error) => {
      throw error;
    });
  }
}
