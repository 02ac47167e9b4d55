import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError, type RecordStore } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';

/** Records are a few kilobytes. */
const MAX_RECORDS = 4096;

/** Build IDs that have no record, for which nothing but the name is kept. */
const MAX_MISSES = 16_384;

/** Records, and that there is none, as it was at most `maxAge` milliseconds ago. */
export class RecentRecords {
  readonly #cache: LRUCache<string, KernelRecord>;
  readonly #misses: LRUCache<string, true>;

  constructor(records: RecordStore, maxAge: number) {
    // 0 would mean: for ever.
    const ttl = Math.max(maxAge, 1);
    this.#misses = new LRUCache({ max: MAX_MISSES, ttl });
    // Many who ask for one at once share one read.
    this.#cache = new LRUCache<string, KernelRecord>({
      max: MAX_RECORDS,
      ttl,
      fetchMethod: async (buildId) => (await records.get(buildId))?.record,
    });
  }

  /** The record if it is in memory and young enough. */
  peek(buildId: string): KernelRecord | undefined {
    return this.#cache.get(buildId);
  }

  /** @throws DepotError `unknown-build-id`. */
  async get(buildId: string): Promise<KernelRecord> {
    const missed = this.#misses.get(buildId) === true;
    const record = missed ? undefined : await this.#cache.fetch(buildId);
    if (record) return record;
    if (!missed) this.#misses.set(buildId, true);
    throw new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
  }
}
