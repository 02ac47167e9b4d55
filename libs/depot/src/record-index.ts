import type { KernelRecord } from '@btf-depot/contracts';
import type { RecordStore } from './ports/record-store.ts';

/** What is kept of each record in memory: a few words, so that thousands fit. */
export type IndexedRecord = Pick<KernelRecord, 'buildId' | 'revision' | 'state'>;

/**
 * The records by build ID, as of the last `refresh`: a listing of the store, and a read of only
 * those records whose version changed. Can be lost at any time.
 */
export class RecordIndex {
  readonly #records: RecordStore;
  #entries = new Map<string, { version: string; record: IndexedRecord }>();

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Reads what changed. A record that cannot be read is told to `onUnreadable` and left out. */
  async refresh(onUnreadable: (buildId: string, error: unknown) => void): Promise<void> {
    const entries = new Map<string, { version: string; record: IndexedRecord }>();
    for await (const { buildId, version } of this.#records.list()) {
      const known = this.#entries.get(buildId);
      if (known?.version === version) {
        entries.set(buildId, known);
        continue;
      }
      try {
        const stored = await this.#records.get(buildId);
        if (!stored) continue;
        const { revision, state } = stored.record;
        entries.set(buildId, {
          version: stored.version,
          record: { buildId, revision, state },
        });
      } catch (error) {
        onUnreadable(buildId, error);
      }
    }
    this.#entries = entries;
  }

  *[Symbol.iterator](): IterableIterator<IndexedRecord> {
    for (const { record } of this.#entries.values()) yield record;
  }

  get size(): number {
    return this.#entries.size;
  }
}
