import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelRecord } from '@btf-depot/contracts';
import { SingleFlight, unknownKernel, type RecordStore, type StoredRecord } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';

/** Records are a few kilobytes. */
const MAX_RECORDS = 4096;

/** Build IDs without a record: only the name is kept. */
const MAX_MISSES = 16_384;

/** Milliseconds that the store has to confirm a known record. */
const PATIENCE = 500;

interface Known {
  record: KernelRecord;
  /** When it must be read again. */
  until: number;
}

/**
 * Records, and their absence, at most `maxAge` milliseconds old; while the store does not answer,
 * the last known state.
 */
export class RecentRecords {
  readonly #records: Pick<RecordStore, 'get'>;
  readonly #maxAge: number;
  readonly #onRead: (stored: StoredRecord) => void;
  readonly #known = new LRUCache<string, Known>({ max: MAX_RECORDS });
  readonly #misses: LRUCache<string, true>;
  readonly #reads = new SingleFlight((buildId: string) => this.#read(buildId));

  /** @param onRead called for every record read from the store. */
  constructor(
    records: Pick<RecordStore, 'get'>,
    maxAge: number,
    onRead: (stored: StoredRecord) => void,
  ) {
    this.#onRead = onRead;
    this.#records = records;
    this.#maxAge = maxAge;
    // 0 would mean: for ever.
    this.#misses = new LRUCache({ max: MAX_MISSES, ttl: Math.max(maxAge, 1) });
  }

  /** The record if it is in memory and young enough. */
  peek(buildId: string): KernelRecord | undefined {
    const known = this.#known.get(buildId);
    return known && performance.now() < known.until ? known.record : undefined;
  }

  /** @throws DepotError `unknown-build-id`; the errors of the store, if nothing is known. */
  async get(buildId: string): Promise<KernelRecord> {
    const record =
      this.peek(buildId) ?? (this.#misses.has(buildId) ? undefined : await this.newest(buildId));
    if (record) return record;
    throw unknownKernel(buildId);
  }

  /** The current record in the store; undefined: none. @throws as `get`. */
  async newest(buildId: string): Promise<KernelRecord | undefined> {
    const asking = this.#reads.run(buildId);
    const known = this.#known.get(buildId);
    if (!known) return asking;
    const unchanged = () => known.record;
    return Promise.race([
      asking.catch(unchanged),
      sleep(PATIENCE, undefined, { ref: false }).then(unchanged),
    ]);
  }

  async #read(buildId: string): Promise<KernelRecord | undefined> {
    try {
      const stored = await this.#records.get(buildId);
      if (stored) {
        const { record } = stored;
        this.#known.set(buildId, { record, until: performance.now() + this.#maxAge });
        this.#onRead(stored);
      } else this.#misses.set(buildId, true);
      return stored?.record;
    } catch (error) {
      // The next request need not wait for a store that does not answer.
      const known = this.#known.get(buildId);
      if (known) known.until = performance.now() + this.#maxAge;
      throw error;
    }
  }
}
