import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError, type RecordStore } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';

/** Records are a few kilobytes; build IDs that do not exist are not kept. */
const MAX_RECORDS = 4096;

/** Records as they were at most `maxAge` milliseconds ago; many askers share one read. */
export class RecentRecords {
  readonly #cache: LRUCache<string, KernelRecord>;

  constructor(records: RecordStore, maxAge: number) {
    this.#cache = new LRUCache<string, KernelRecord>({
      max: MAX_RECORDS,
      // 0 would mean: for ever.
      ttl: Math.max(maxAge, 1),
      fetchMethod: async (buildId) => (await records.get(buildId))?.record,
    });
  }

  /** The record if it is in memory and young enough. */
  peek(buildId: string): KernelRecord | undefined {
    return this.#cache.get(buildId);
  }

  /** @throws DepotError `unknown-build-id`. */
  async get(buildId: string): Promise<KernelRecord> {
    const record = await this.#cache.fetch(buildId);
    if (!record) throw new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
    return record;
  }
}
