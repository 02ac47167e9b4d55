import type { KernelRecord } from '@btf-depot/contracts';
import { forEachAtMost } from '../concurrency/for-each-at-most.ts';
import type { RecordStore, StoredRecord } from '../ports/record-store.ts';

/** Records that a refresh reads at one time. */
const READERS = 16;

type Keep<Kept> = (record: KernelRecord, damage: StoredRecord['damage']) => Kept;

interface Entry<Kept> {
  version: string;
  kept: Kept;
}

/**
 * What is kept of each record in memory, as of the last `refresh`: a listing of the store, and a
 * read of only those records whose version changed. Can be lost at any time.
 */
export class RecordIndex<Kept> {
  readonly #records: RecordStore;
  readonly #keep: Keep<Kept>;
  #entries = new Map<string, Entry<Kept>>();

  /** @param keep takes of a record what is wanted: a few words, so that thousands fit. */
  constructor(records: RecordStore, keep: Keep<Kept>) {
    this.#records = records;
    this.#keep = keep;
  }

  /**
   * Reads what changed. A record that cannot be read is told to `onUnreadable` and left out; where
   * that throws, the index stays as it was.
   */
  async refresh(onUnreadable: (buildId: string, error: unknown) => void): Promise<void> {
    const entries = new Map<string, Entry<Kept>>();
    const changed: string[] = [];
    for await (const { buildId, version } of this.#records.list()) {
      const known = this.#entries.get(buildId);
      if (known?.version === version) entries.set(buildId, known);
      else changed.push(buildId);
    }
    await forEachAtMost(READERS, changed, async (buildId) => {
      try {
        const stored = await this.#records.get(buildId);
        if (!stored) return;
        const { version, record, damage } = stored;
        entries.set(buildId, { version, kept: this.#keep(record, damage) });
      } catch (error) {
        onUnreadable(buildId, error);
      }
    });
    this.#entries = entries;
  }

  *[Symbol.iterator](): IterableIterator<Kept> {
    for (const { kept } of this.#entries.values()) yield kept;
  }

  get(buildId: string): Kept | undefined {
    return this.#entries.get(buildId)?.kept;
  }

  get size(): number {
    return this.#entries.size;
  }
}
