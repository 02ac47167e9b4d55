import type { KernelRecord } from '@btf-depot/contracts';
import { forEachAtMost } from '../concurrency/for-each-at-most.ts';
import { DepotError } from '../errors.ts';
import type { RecordStore, StoredRecord } from '../ports/record-store.ts';

/** Records that a refresh reads at one time. */
const READERS = 16;

/** Reads that fail in a refresh before it ends: then it is the store that is away. */
const MOST_FAILURES = 8;

interface Entry<Kept> {
  version: string;
  kept: Kept;
}

interface RecordIndexOptions<Kept> {
  /** Takes of a record what is wanted: a few words, so that thousands fit. */
  keep: (record: KernelRecord, damage: StoredRecord['damage']) => Kept;
  /** Told of each entry that comes, changes or goes. */
  onChange?: (before: Kept | undefined, after: Kept | undefined) => void;
}

/**
 * What is kept of each record in memory, as of the last `refresh`: a listing of the store, and a
 * read of only those records whose version changed. Can be lost at any time.
 */
export class RecordIndex<Kept> {
  readonly #records: RecordStore;
  readonly #options: RecordIndexOptions<Kept>;
  readonly #entries = new Map<string, Entry<Kept>>();
  /** Build IDs of which `note` was told since the last refresh began. */
  readonly #noted = new Set<string>();
  #left = { unread: 0, unreadable: 0 };

  constructor(records: RecordStore, options: RecordIndexOptions<Kept>) {
    this.#records = records;
    this.#options = options;
  }

  /**
   * Reads what changed. What is no record, or a newer one, is told to `onUnread` and left out. A
   * record that the store does not give is told to it too, and stays as it was; where that is so
   * of many, the refresh ends. Where it ends early, what it has read by then stays.
   *
   * @throws what the listing throws, and the last of many reads, and `onUnread`.
   */
  async refresh(onUnread: (buildId: string, error: unknown) => void): Promise<void> {
    this.#noted.clear();
    const listed = new Set<string>();
    const changed: string[] = [];
    for await (const { buildId, version } of this.#records.list()) {
      listed.add(buildId);
      if (this.#entries.get(buildId)?.version !== version) changed.push(buildId);
    }
    for (const buildId of this.#entries.keys()) {
      if (!listed.has(buildId) && !this.#noted.has(buildId)) this.#set(buildId, undefined);
    }
    const left = { unread: 0, unreadable: 0 };
    let ended = false;
    await forEachAtMost(READERS, changed, async (buildId) => {
      if (ended) return;
      try {
        const stored = await this.#records.get(buildId);
        if (!this.#noted.has(buildId)) this.#set(buildId, stored && this.#entryOf(stored));
      } catch (error) {
        try {
          if (isOfRecord(error)) {
            left.unreadable++;
            this.#set(buildId, undefined);
          } else if (++left.unread > MOST_FAILURES) throw error;
          onUnread(buildId, error);
        } catch (last) {
          ended = true;
          throw last;
        }
      }
    });
    this.#left = left;
  }

  /** Tells of a record as the store has it now. */
  note(stored: StoredRecord): void {
    const { buildId } = stored.record;
    this.#noted.add(buildId);
    if (this.#entries.get(buildId)?.version === stored.version) return;
    this.#set(buildId, this.#entryOf(stored));
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

  /** Records that the store did not give in the last refresh. */
  get unread(): number {
    return this.#left.unread;
  }

  /** Records that were malformed then, or newer than this process. */
  get unreadable(): number {
    return this.#left.unreadable;
  }

  #entryOf({ version, record, damage }: StoredRecord): Entry<Kept> {
    return { version, kept: this.#options.keep(record, damage) };
  }

  #set(buildId: string, entry: Entry<Kept> | undefined): void {
    const before = this.#entries.get(buildId);
    if (entry) this.#entries.set(buildId, entry);
    else this.#entries.delete(buildId);
    if (before !== entry) this.#options.onChange?.(before?.kept, entry?.kept);
  }
}

/** Whether what lies there is at fault: reading it again would give the same. */
function isOfRecord(error: unknown): boolean {
  return (
    error instanceof DepotError &&
    (error.code === 'damaged-record' || error.code === 'newer-schema')
  );
}
