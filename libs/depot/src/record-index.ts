import type { KernelRecord, KernelSummary } from '@btf-depot/contracts';
import type { RecordStore } from './ports/record-store.ts';

/** Records that a refresh reads at one time. */
const READERS = 16;

interface Entry {
  version: string;
  /** What is kept of each record in memory: a few words, so that thousands fit. */
  record: KernelSummary;
}

/**
 * The records by build ID, as of the last `refresh`: a listing of the store, and a read of only
 * those records whose version changed. Can be lost at any time.
 */
export class RecordIndex {
  readonly #records: RecordStore;
  #entries = new Map<string, Entry>();

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Reads what changed. A record that cannot be read is told to `onUnreadable` and left out. */
  async refresh(onUnreadable: (buildId: string, error: unknown) => void): Promise<void> {
    const entries = new Map<string, Entry>();
    const changed: string[] = [];
    for await (const { buildId, version } of this.#records.list()) {
      const known = this.#entries.get(buildId);
      if (known?.version === version) entries.set(buildId, known);
      else changed.push(buildId);
    }
    const readNext = async (): Promise<void> => {
      for (let buildId = changed.pop(); buildId !== undefined; buildId = changed.pop()) {
        try {
          const stored = await this.#records.get(buildId);
          if (!stored) continue;
          const { version, record } = stored;
          entries.set(buildId, { version, record: summaryOf(record) });
        } catch (error) {
          onUnreadable(buildId, error);
        }
      }
    };
    await Promise.all(Array.from({ length: READERS }, readNext));
    this.#entries = entries;
  }

  *[Symbol.iterator](): IterableIterator<KernelSummary> {
    for (const { record } of this.#entries.values()) yield record;
  }

  get(buildId: string): KernelSummary | undefined {
    return this.#entries.get(buildId)?.record;
  }

  get size(): number {
    return this.#entries.size;
  }
}

export function summaryOf(record: KernelRecord): KernelSummary {
  const { buildId, revision, state, distro, release, arch, extras } = record;
  return {
    buildId,
    revision,
    state,
    ...(distro !== undefined && { distro }),
    ...(release !== undefined && { release }),
    ...(arch !== undefined && { arch }),
    ...(extras.vars && { variables: extras.vars.variables }),
  };
}
