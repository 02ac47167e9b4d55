import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import type { RecordStore } from './ports/record-store.ts';

/** The blobs that the records name, as of the last `refresh`. */
export class NamedBlobs {
  readonly #records: RecordStore;
  #entries = new Map<string, { version: string; names: readonly string[] }>();
  #named = new Set<string>();

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /**
   * Lists the records and reads those that changed.
   * @throws whatever reading a record throws: what it names is not known then.
   */
  async refresh(): Promise<void> {
    const entries = new Map<string, { version: string; names: readonly string[] }>();
    for await (const { buildId, version } of this.#records.list()) {
      const known = this.#entries.get(buildId);
      if (known?.version === version) {
        entries.set(buildId, known);
        continue;
      }
      const stored = await this.#records.get(buildId);
      if (!stored) continue;
      entries.set(buildId, { version: stored.version, names: hashesIn(stored.record) });
    }
    this.#entries = entries;
    this.#named = new Set([...entries.values()].flatMap(({ names }) => names));
  }

  has(sha256: string): boolean {
    return this.#named.has(sha256);
  }
}

/**
 * Every hash in the record, whichever field it is in: a newer version may name blobs in fields
 * that this one does not know. A withdrawn record holds on to nothing.
 */
export function hashesIn(record: KernelRecord): readonly string[] {
  if (record.state === 'withdrawn' && record.schema <= RECORD_SCHEMA) return [];
  return JSON.stringify(record).match(/\b[0-9a-f]{64}\b/g) ?? [];
}
