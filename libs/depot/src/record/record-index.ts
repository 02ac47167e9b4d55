import type { KernelRecord } from '@btf-depot/contracts';
import { forEachAtMost } from '../concurrency/for-each-at-most.ts';
import { DepotError } from '../errors.ts';
import type { RecordStore, StoredRecord } from '../ports/record-store.ts';

/** Records read at one time in a refresh. */
const READERS = 16;

/** Failed reads after which a refresh ends: then the store itself is away. */
const MOST_FAILURES = 8;

interface Entry<Kept> {
  version: string;
  kept: Kept;
}

interface RecordIndexOptions<Kept> {
  /** Extracts the needed fields of a record: a few words, so that thousands fit in memory. */
  keep: (record: KernelRecord, damage: StoredRecord['damage']) => Kept;
  /** Called for each entry that comes, changes or goes. */
  onChange?: (before: Kept | undefined, after: Kept | undefined) => void;
}

/**
 * A digest of each record in memory, as of the last `refresh`, which lists the store and reads only
 * records whose version changed. Can be lost at any time.
 */
export class RecordIndex<Kept> {
  readonly #records: RecordStore;
  readonly #options: RecordIndexOptions<Kept>;
  readonly #entries = new Map<string, Entry<Kept>>();
  /** Build IDs passed to `note` since the last refresh began. */
  readonly #noted = new Set<string>();
  #left = { unread: 0, unreadable: 0 };

  constructor(records: RecordStore, options: RecordIndexOptions<Kept>) {
    this.#records = records;
    this.#options = options;
  }

  /**
   * Reads changed records. Malformed and newer ones are passed to `onUnread` and left out. A record
   * that the store does not give is passed to it too, and keeps its entry; after many of these the
   * refresh ends, with the entries read so far.
   *
   * @throws the errors of the listing, of the last of many reads, and of `onUnread`.
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

  /** Updates the entry of a record with its current state in the store. */
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

  /** Records that were malformed or too new in the last refresh. */
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

/** Whether the stored bytes are at fault: reading again would give the same. */
function isOfRecord(error: unknown): boolean {
  return (
    error instanceof DepotError &&
    (error.code === 'damaged-record' || error.code === 'newer-schema')
  );
}
