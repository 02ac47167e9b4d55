import { partsOf, RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { RecordIndex } from './record-index.ts';

/** The blobs named by records, set-aside ones too, as of the last `refresh`. */
export class NamedBlobs {
  readonly #index: RecordIndex<readonly string[]>;
  readonly #records: RecordStore;
  #named = new Set<string>();

  constructor(records: RecordStore) {
    this.#records = records;
    this.#index = new RecordIndex(records, {
      keep(record, damage) {
        if (!damage) return hashesIn(record);
        const { buildId } = record;
        const what = `${buildId}: ${damage.join(', ')}; run btfdepot fsck`;
        throw new DepotError('damaged-record', what);
      },
    });
  }

  /** @throws the error of an unreadable record: its blobs are unknown then. */
  async refresh(): Promise<void> {
    await this.#index.refresh((_buildId, error) => {
      throw error;
    });
    const named = new Set([...this.#index].flat());
    for await (const { bytes } of this.#records.aside.list()) {
      for (const sha256 of hashesInText(Buffer.from(bytes).toString('latin1'))) named.add(sha256);
    }
    this.#named = named;
  }

  has(sha256: string): boolean {
    return this.#named.has(sha256);
  }
}

/**
 * Every hash in the record, in any field: a newer version may name blobs in fields unknown here. A
 * withdrawn record holds none.
 */
export function hashesIn(record: KernelRecord): readonly string[] {
  if (record.state === 'withdrawn' && record.schema <= RECORD_SCHEMA) return [];
  return hashesInText(JSON.stringify(record));
}

function hashesInText(text: string): readonly string[] {
  return text.match(/\b[0-9a-f]{64}\b/g) ?? [];
}

/** A blob and the field that names it. */
export interface NamedBlob {
  /**
   * The name of a part or an artifact; `given`, with the file, for a carrier of the build;
   * `countersigned`, with the file, for another depot's signature.
   */
  what: string;
  sha256: string;
  /** Bytes. */
  size: number;
}

/** The blobs of a record with their sizes; a blob may occur twice. */
export function blobsOf(record: KernelRecord): NamedBlob[] {
  const given = Object.entries(record.carrier?.given ?? {});
  const signatures = Object.entries(record.countersigned?.signatures ?? {});
  return [
    ...partsOf(record),
    ...given.map(([file, blob]) => [`given ${file}`, blob] as const),
    ...signatures.map(([file, blob]) => [`countersigned ${file}`, blob] as const),
    ...Object.entries(record.artifacts),
  ].map(([what, { sha256, size }]) => ({ what, sha256, size }));
}

/** Bytes of a record's blobs, each once; none for a withdrawn one. */
export function storedBytes(record: KernelRecord): number {
  if (record.state === 'withdrawn') return 0;
  const sizes = new Map(blobsOf(record).map(({ sha256, size }) => [sha256, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
